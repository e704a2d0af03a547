/** What operators work with: the verbs over a queue as functions, and as orders in plain data. */
import { createOperator } from '@posthouse/queue';
import type { Operator, OperatorDeps } from '@posthouse/queue';
import type { RelayOptions } from '../relay.ts';
import { createQueueVerbs } from './queue-verbs.ts';
import type { QueueVerb, QueueVerbsDeps } from './queue-verbs.ts';

export interface Operation {
  readonly operator: Operator;
  readonly verbs: Readonly<Record<string, QueueVerb>>;
}

/** @param options of the relay whose queue it is */
export function createOperation(
  { hostname, queue }: Pick<RelayOptions, 'hostname' | 'queue'>,
  deps: OperatorDeps & { readonly pace: QueueVerbsDeps['pace'] },
): Operation {
  const notifications = queue?.notifications;
  const operator = createOperator({ hostname, ...(notifications && { notifications }) }, deps);
  return { operator, verbs: createQueueVerbs({ ...deps, operator }) };
}
