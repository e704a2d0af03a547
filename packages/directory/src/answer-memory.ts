/**
 * Questions that were answered lately, for some time. Memory is bounded; the oldest are
 * forgotten first.
 */
import type { Clock } from '@posthouse/mail';

const MAX_REMEMBERED = 20_000;

export interface AnswerMemory {
  has(question: string): boolean;
  add(question: string): void;
  clear(): void;
}

export function createAnswerMemory(rememberMs: number, clock: Clock): AnswerMemory {
  /** When each ends to count, the oldest first. */
  const ends = new Map<string, number>();
  return {
    has: (question) => (ends.get(question) ?? 0) > clock.now(),
    add(question) {
      ends.delete(question);
      ends.set(question, clock.now() + rememberMs);
      const [oldest] = ends.keys();
      if (ends.size > MAX_REMEMBERED && oldest !== undefined) ends.delete(oldest);
    },
    clear: () => ends.clear(),
  };
}
