/** The contract of the event log: events, trace, forgetEvents, onChange. */
import { describe, expect, it } from 'vitest';
import { createReply, enhancedStatus, parseMessageId } from '@posthouse/mail';
import type { MessageId } from '@posthouse/mail';
import type { EventCursor, NewEvent } from '../event.ts';
import {
  again,
  claim,
  done,
  MINUTE,
  NOW,
  nextId,
  sampleEvent,
  sampleMessage,
} from './sample-messages.ts';
import type { Using } from './store-under-test.ts';

export function describeEvents(using: Using): void {
  describe('events', () => {
    it('are kept as they were given', () =>
      using(async ({ store }) => {
        const sample = sampleMessage({ recipients: ['bob@a.test'] });
        const event: NewEvent = {
          kind: 'attempted',
          message: sample.message.id,
          index: 0,
          at: NOW + 1,
          recipient: 'bob@a.test',
          status: enhancedStatus(4, 2, 2),
          reply: createReply(452, enhancedStatus(4, 2, 2), 'mailbox full', 'try later'),
          host: { name: 'mx.a.test', address: '192.0.2.1' },
          tls: { version: 'TLSv1.3', cipher: 'X', verified: true },
          proof: 'peer-reply',
          reason: 'mailbox full',
          dueAt: NOW + MINUTE,
          notification: nextId(),
          inDoubt: true,
        };
        const whole: NewEvent = { kind: 'damaged', message: sample.message.id, at: NOW + 2 };
        await store.accept([{ ...sample, events: [event, whole] }]);
        const { events, gap } = await store.events(undefined, 10);
        expect(gap).toBe(false);
        expect(events.map(({ cursor: _cursor, ...rest }) => rest)).toEqual([event, whole]);
      }));

    it('come in commit order, page by page, each once', () =>
      using(async ({ store }) => {
        const samples = Array.from({ length: 30 }, () =>
          sampleMessage({ recipients: ['bob@a.test', 'carol@b.test'] }),
        );
        await Promise.all(samples.map((sample) => store.accept([sample])));
        const seen: string[] = [];
        let cursor: EventCursor | undefined;
        for (;;) {
          const { events, gap } = await store.events(cursor, 7);
          expect(gap).toBe(false);
          if (events.length === 0) break;
          seen.push(...events.map((event) => `${event.message} ${event.index}`));
          cursor = events.at(-1)?.cursor;
        }
        const expected = samples.flatMap(({ message }) => [`${message.id} 0`, `${message.id} 1`]);
        expect(seen).toEqual(expected);
      }));

    it('of messages that are not kept are found like all others, and nothing else stays', () =>
      using(async (under) => {
        const logged = sampleMessage({ recipients: ['bob@a.test'] });
        const delivered = sampleEvent({ message: logged.message.id, index: 0 }, 'delivered', NOW);
        const { message, recipients, events } = logged;
        await under.store.log([{ message, recipients, events: [...events, delivered] }]);
        const kept = sampleMessage({ recipients: ['carol@a.test'] });
        await under.store.accept([kept]);
        const store = await under.reopen();
        const life = await store.trace({ text: 'BOB@a.test' }, 10);
        expect(life.map(({ kind, message: of }) => [kind, of])).toEqual([
          ['accepted', message.id],
          ['delivered', message.id],
        ]);
        expect(await store.message(message.id)).toBeUndefined();
        expect(store.usage()).toMatchObject({ messages: 1, recipients: 1 });
      }));

    it('are read from the last one on, for who wants to know what is to come', () =>
      using(async ({ store }) => {
        expect((await store.events(await store.lastEvent(), 10)).events).toEqual([]);
        await store.accept([sampleMessage({ recipients: ['bob@a.test'] })]);
        const end = await store.lastEvent();
        expect(await store.events(end, 10)).toEqual({ events: [], gap: false });
        const next = sampleMessage({ recipients: ['carol@a.test'] });
        await store.accept([next]);
        const { events } = await store.events(end, 10);
        expect(events.map(({ message }) => message)).toEqual([next.message.id]);
      }));

    it('are forgotten by age, a few at a time, and a reader who missed some is told', () =>
      using(async (under) => {
        await under.store.accept(
          [1, 2, 3, 4].map((n) =>
            sampleMessage({ acceptedAt: NOW + n, recipients: [`r${n}@a.test`] }),
          ),
        );
        const first = (await under.store.events(undefined, 1)).events[0]?.cursor;
        expect(await under.store.forgetEvents(NOW + 4, 2)).toBe(2);
        expect(await under.store.forgetEvents(NOW + 4, 2)).toBe(1);
        expect(await under.store.forgetEvents(NOW + 4, 2)).toBe(0);
        const store = await under.reopen();
        const page = await store.events(first, 10);
        expect(page.gap).toBe(true);
        expect(page.events.map((event) => event.at)).toEqual([NOW + 4]);
        expect((await store.events(page.events[0]?.cursor, 10)).gap).toBe(false);
        expect((await store.events(undefined, 10)).gap).toBe(false);
        await store.accept([sampleMessage({ acceptedAt: NOW + 5, recipients: ['last@a.test'] })]);
        const more = await store.events(page.events[0]?.cursor, 10);
        expect(more.events.map((event) => event.at)).toEqual([NOW + 5]);
      }));
  });

  describe('trace', () => {
    it('tells a message’s life in order, after its end too', () =>
      using(async ({ store }) => {
        const sample = sampleMessage({ recipients: ['bob@a.test'] });
        await store.accept([sample, sampleMessage({ recipients: ['other@a.test'] })]);
        const [first] = await claim(store, { onlyLanes: ['a.test'], limit: 1 });
        if (first === undefined) throw new TypeError('one was due');
        const tried = sampleEvent(first, 'attempted', NOW + 1);
        await store.conclude([
          { changes: [again(first, { dueAt: NOW })], events: [tried], messages: [] },
        ]);
        const [second] = (await claim(store)).filter((one) => one.message === first.message);
        if (second === undefined) throw new TypeError('it was due again');
        const relayed = sampleEvent(second, 'relayed', NOW + 2);
        await store.conclude([{ changes: [done(second)], events: [relayed], messages: [] }]);
        const life = await store.trace({ message: first.message }, 10);
        expect(life.map((event) => event.kind)).toEqual(['accepted', 'attempted', 'relayed']);
        expect(await store.trace({ message: first.message }, 2)).toEqual(life.slice(0, 2));
        expect(await store.trace({ message: nextId() }, 10)).toEqual([]);
      }));

    it('finds by Message-ID and by every address, without case or brackets', () =>
      using(async ({ store }) => {
        const messageId = id('<One@example.test>');
        const sample = sampleMessage({
          messageId,
          reversePath: 'Alice@example.test',
          recipients: [
            {
              address: 'bob@a.test',
              params: { orcpt: { type: 'rfc822', address: 'Team@example.test' } },
            },
            'carol@b.test',
          ],
        });
        const other = sampleMessage({ messageId, recipients: ['dave@b.test'], reversePath: '<>' });
        await store.accept([sample, other]);
        const one = [sample.message.id, sample.message.id];
        const texts: readonly (readonly [string, readonly string[]])[] = [
          ['<One@example.test>', [...one, other.message.id]],
          ['one@EXAMPLE.test', [...one, other.message.id]],
          [' alice@example.test ', one],
          ['<bob@a.test>', one],
          ['team@example.test', one],
          ['dave@b.test', [other.message.id]],
          ['nobody@b.test', []],
          ['<>', []],
        ];
        for (const [text, expected] of texts) {
          const events = await store.trace({ text }, 10);
          expect(
            events.map((event) => event.message),
            text,
          ).toEqual(expected);
        }
        await store.forgetEvents(NOW + 1, 100);
        expect(await store.trace({ text: 'bob@a.test' }, 10)).toEqual([]);
      }));
  });
}

export function describeChanges(using: Using): void {
  describe('onChange', () => {
    it('tells of work and of events, until it is stopped', () =>
      using(async ({ store }) => {
        const heard: string[] = [];
        const stop = store.onChange((what) => heard.push(what));
        await store.accept([sampleMessage({ recipients: ['bob@a.test'] })]);
        expect(heard.toSorted()).toEqual(['due', 'events']);
        const [bob] = await claim(store);
        if (bob === undefined) throw new TypeError('one was due');
        heard.length = 0;
        await store.conclude([{ changes: [again(bob)], events: [], messages: [] }]);
        expect(heard).toContain('due');
        heard.length = 0;
        await store.intervene('hold', {}, NOW, { limit: 1 });
        expect(heard).toContain('events');
        heard.length = 0;
        await store.intervene('release', {}, NOW, { limit: 1 });
        await store.deferLane('a.test', 0);
        await store.recover('relay-1', NOW);
        expect(heard.filter((what) => what === 'due')).toHaveLength(3);
        stop();
        stop();
        heard.length = 0;
        await store.accept([sampleMessage({ recipients: ['carol@a.test'] })]);
        expect(heard).toEqual([]);
      }));

    it('does not call for work what is leased already', () =>
      using(async ({ store }) => {
        const heard: string[] = [];
        store.onChange((what) => heard.push(what));
        const lease = { owner: 'relay-1', token: 1, until: NOW + MINUTE, begun: false };
        await store.accept([sampleMessage({ recipients: [{ address: 'bob@a.test', lease }] })]);
        expect(heard).toEqual(['events']);
      }));
  });
}

function id(text: string): MessageId {
  const parsed = parseMessageId(text);
  if (parsed === undefined) throw new TypeError(`no Message-ID: ${text}`);
  return parsed;
}
