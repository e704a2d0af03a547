/**
 * The groups of one lane that are under lease and wait for their turn.
 *
 * Notifications and small mail go before bulk, but whoever was passed over eight
 * times in a row goes next, so that nothing waits for ever. Within a class senders
 * take turns, each with one group: who sends a thousand messages waits for himself.
 */
import type { Group } from './group.ts';
import type { Priority } from './record.ts';

const CLASSES: readonly Priority[] = ['notification', 'interactive', 'bulk'];
const PATIENCE = 8;

interface WaitingClass {
  /** In order of turns; a sender is there as long as he has a group. */
  readonly senders: Map<string, Group[]>;
  passedOver: number;
}

export class WaitingRoom {
  readonly #classes: readonly WaitingClass[] = CLASSES.map(() => ({
    senders: new Map(),
    passedOver: 0,
  }));
  #recipients = 0;

  /** Recipients of all groups in the room. */
  get recipients(): number {
    return this.#recipients;
  }

  push(group: Group): void {
    const { senders } = this.#classOf(group.message.priority);
    const groups = senders.get(group.sender);
    if (groups === undefined) senders.set(group.sender, [group]);
    else groups.push(group);
    this.#recipients += group.recipients.length;
  }

  /** Whose turn it is. */
  peek(): Group | undefined {
    const [groups] = this.#turn()?.senders.values() ?? [];
    return groups?.[0];
  }

  /** Takes out whose turn it is. */
  shift(): Group | undefined {
    const turn = this.#turn();
    if (turn === undefined) return undefined;
    for (const each of this.#classes) if (each !== turn && each.senders.size > 0) each.passedOver++;
    turn.passedOver = 0;
    const group = takeTurn(turn.senders);
    this.#recipients -= group?.recipients.length ?? 0;
    return group;
  }

  /** Recipients that a sender has waiting, in the class of the priority. */
  ofSender(sender: string, priority: Priority): number {
    const groups = this.#classOf(priority).senders.get(sender) ?? [];
    return groups.reduce((sum, group) => sum + group.recipients.length, 0);
  }

  /** Takes out everything. */
  drain(): Group[] {
    const groups = this.#classes.flatMap(({ senders }) => [...senders.values()].flat());
    for (const each of this.#classes) {
      each.senders.clear();
      each.passedOver = 0;
    }
    this.#recipients = 0;
    return groups;
  }

  #turn(): WaitingClass | undefined {
    const waiting = this.#classes.filter(({ senders }) => senders.size > 0);
    return waiting.findLast(({ passedOver }) => passedOver >= PATIENCE) ?? waiting[0];
  }

  #classOf(priority: Priority): WaitingClass {
    const found = this.#classes[CLASSES.indexOf(priority)];
    if (found === undefined) throw new TypeError(`no priority: ${priority}`);
    return found;
  }
}

function takeTurn(senders: Map<string, Group[]>): Group | undefined {
  for (const [sender, groups] of senders) {
    const group = groups.shift();
    senders.delete(sender);
    if (groups.length > 0) senders.set(sender, groups); // behind all others
    return group;
  }
  return undefined;
}
