/**
 * Entry of the read thread: a read-only connection of its own, so that the commits never wait
 * for a list. It answers one call at a time, in order.
 */
import { openForReading } from './database.ts';
import { faultOf } from './faults.ts';
import type { ReadVerbs } from '../protocol.ts';
import {
  createContent,
  createContents,
  createKnownFiles,
  createMessage,
  createNextDueAt,
  createNotes,
} from './reading.ts';
import { runThread } from './thread-server.ts';
import type { Answer, Call } from './thread-server.ts';
import { createEventReads } from './tracing.ts';
import { createSummarize, createWalk } from './walking.ts';

runThread(({ path }) => {
  const database = openForReading(path);
  const content = createContent(database);
  const verbs: ReadVerbs = {
    message: createMessage(database),
    content,
    contents: createContents(content),
    walk: createWalk(database),
    summarize: createSummarize(database),
    nextDueAt: createNextDueAt(database),
    notes: createNotes(database),
    knownFiles: createKnownFiles(database),
    ...createEventReads(database),
  };
  return {
    opened: {},
    turn(calls, post) {
      for (const call of calls) post({ answers: [answer(verbs, call)] });
    },
    close: () => database.close(),
  };
});

function answer(verbs: ReadVerbs, { number, verb, argument }: Call): Answer {
  try {
    const run = verbs[verb as keyof ReadVerbs] as (argument: unknown) => unknown; // boundary: the link's types pair verb and argument
    return { number, kind: 'value', value: run(argument) };
  } catch (error) {
    return { number, kind: 'fault', fault: faultOf(error) };
  }
}
