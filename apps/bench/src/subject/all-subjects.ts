/** Everybody who can be measured. */
import { ceiling } from './ceiling.ts';
import { postfix } from './postfix.ts';
import { posthouse } from './posthouse.ts';
import type { Subject } from './subject.ts';

export const SUBJECTS: readonly Subject[] = [posthouse, postfix, ceiling];
