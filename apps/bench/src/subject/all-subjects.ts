/** Everybody who can be measured. */
import { ceiling } from './ceiling.ts';
import { postfix } from './postfix.ts';
import { dovecot } from './dovecot.ts';
import { exim } from './exim.ts';
import { haraka } from './haraka.ts';
import { openSmtpd } from './opensmtpd.ts';
import { posthouse } from './posthouse.ts';
import type { Subject } from './subject.ts';

export const SUBJECTS: readonly Subject[] = [
  posthouse,
  postfix,
  exim,
  openSmtpd,
  haraka,
  dovecot,
  ceiling,
];
