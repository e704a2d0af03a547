/** Every step of the schema, oldest first. A step that was released is never changed; a new one is added. */
import { queue } from './0001-queue.ts';
import { note } from './0002-note.ts';
import { latestTime } from './0003-latest-time.ts';

export const MIGRATIONS: readonly string[] = [queue, note, latestTime];
