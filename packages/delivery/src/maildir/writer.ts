/**
 * MaildirWriter: puts a message into a folder, `tmp` → `new`, so that it stays.
 *
 * The order: write `tmp/NAME`, sync it and `tmp`, rename it to `new/NAME`. `deliver` resolves
 * after the last step, with the path. Readers see the whole message or nothing. A power cut may
 * undo the rename; `sweepTmp` does it again, so who writes runs that at his start (decision 0017).
 * When it rejects, the file is gone from both places, as far as the disk allows. A missing
 * Maildir is made, durably, with mode 0700; files have mode 0600. The hot path asks the
 * disk nothing: what was made once is taken to be there until a call says `missing`.
 */
import { join } from 'node:path';
import { isFault, openDurableWriter } from '@posthouse/durable-fs';
import type { Disk, Note, PlacedFile, Placement } from '@posthouse/durable-fs';
import type { Clock } from '@posthouse/mail';
import { toNewlines } from './line-ends.ts';
import { createNameMaker, newFileName } from './message-name.ts';
import type { NameMaker, NewName } from './message-name.ts';
import type { StoredContent } from './stored-content.ts';

/** A message for a folder. */
export interface NewMessage {
  /** Header fields in front of the content, each ending in CRLF. */
  readonly head: Buffer;
  readonly content: StoredContent;
  /** Names the copy of the delivery, 32 hexadecimal digits: it becomes part of the file's name. */
  readonly key?: string | undefined;
}

/** What is to be written once the file is whole and on the disk, before readers see it. */
export interface DeliveryIntention {
  readonly note: Note;
  /** Told how far the file came; once. */
  readonly settle: (placement: Placement) => void;
}

/** Has a say in a message's two critical moments. */
export interface DeliveryObserver {
  /** Before anything is written. When it rejects, nothing is. */
  intend(name: NewName): Promise<DeliveryIntention>;
  /** It was not published after all, and is removed next. When it rejects, the file stays where it is. */
  beforeRemoval(name: NewName): Promise<void>;
}

export interface MaildirWriter {
  /**
   * Delivers into a folder: a Maildir, or a directory of one that `findFolder` gave.
   * @returns the path of the file in `new`
   * @throws DurableFsError
   */
  deliver(folder: string, message: NewMessage, observer?: DeliveryObserver): Promise<string>;
}

export interface MaildirWriterDeps {
  readonly disk: Disk;
  readonly clock: Clock;
}

/** Forgetting one costs three stats, never safety; so the memory is bounded. */
const MAX_REMEMBERED = 20_000;

/**
 * Makes a writer. Any number may write into one Maildir, in one process or in many.
 *
 * @example
 * const writer = createMaildirWriter('mail.example.test', { disk: createDisk(), clock: systemClock });
 * await writer.deliver(maildir, { head: Buffer.alloc(0), content: storedContentOf(octets) });
 */
export function createMaildirWriter(hostname: string, deps: MaildirWriterDeps): MaildirWriter {
  return new TmpToNewWriter(hostname, deps);
}

class TmpToNewWriter implements MaildirWriter {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #names: NameMaker;
  /** Folders whose directories are there, or are being made. */
  readonly #ready = new Map<string, Promise<void>>();

  constructor(hostname: string, deps: MaildirWriterDeps) {
    this.#disk = deps.disk;
    this.#clock = deps.clock;
    this.#names = createNameMaker(hostname);
  }

  async deliver(folder: string, message: NewMessage, observer?: DeliveryObserver): Promise<string> {
    const head = toNewlines(message.head);
    const { content } = message;
    const name = this.#names.next(this.#clock.now(), message.key);
    const fileName = newFileName(
      name,
      head.byteLength + content.sizeBytes,
      message.head.byteLength + content.virtualBytes,
    );
    const file = { unfinished: join(folder, 'tmp', fileName), path: join(folder, 'new', fileName) };
    const placement = await this.#placeIn(folder, async () => {
      const intention = await observer?.intend(name);
      const one = await this.#place({ ...file, note: intention?.note }, head, content);
      intention?.settle(one);
      return one;
    });
    if (placement.kind === 'placed') return file.path;
    if (placement.kind === 'unplaced') {
      await this.#remove(placement.path, async () => observer?.beforeRemoval(name));
    }
    throw placement.error;
  }

  /** Does work that needs the directories of a folder, and makes these where they are missing. */
  async #placeIn(folder: string, work: () => Promise<Placement>): Promise<Placement> {
    const isKnown = this.#ready.has(folder);
    await (this.#ready.get(folder) ?? this.#prepare(folder));
    const placement = await work();
    const isMissing = placement.kind === 'unwritten' && isFault(placement.error, 'missing');
    if (!isKnown || !isMissing) return placement;
    await this.#prepare(folder); // somebody has removed it since
    return work();
  }

  /** Once for all who wait for it. */
  #prepare(folder: string): Promise<void> {
    const [oldest] = this.#ready.keys();
    if (this.#ready.size >= MAX_REMEMBERED && oldest !== undefined) this.#ready.delete(oldest);
    const prepared = this.#makeDirectories(folder);
    this.#ready.set(folder, prepared);
    prepared.catch(() => {
      if (this.#ready.get(folder) === prepared) this.#ready.delete(folder);
    });
    return prepared;
  }

  async #makeDirectories(folder: string): Promise<void> {
    for (const place of ['tmp', 'new', 'cur']) {
      await this.#disk.directories.ensure(join(folder, place));
    }
  }

  /** In one call where the content is in memory; content that is not is written first. Never rejects. */
  async #place(file: PlacedFile, head: Buffer, content: StoredContent): Promise<Placement> {
    let bytes: Buffer | undefined;
    try {
      if (content.bytes === undefined) await this.#write(file.unfinished, head, content);
      else bytes = joined(head, content.bytes);
    } catch (error) {
      return { kind: 'unwritten', error };
    }
    return this.#disk.place({ ...file, bytes, lastsAs: 'either' });
  }

  async #write(path: string, head: Buffer, content: StoredContent): Promise<void> {
    const file = await openDurableWriter(this.#disk, path);
    try {
      await file.write(head);
      for await (const piece of content.open()) await file.write(piece);
      await file.finish();
    } catch (error) {
      await file.discard();
      throw error;
    }
  }

  /** On the way out of a failure that is reported already. */
  async #remove(path: string, before: () => Promise<void>): Promise<void> {
    try {
      await before();
      await this.#disk.fileSystem.unlink(path);
    } catch {
      // It stays in tmp, where nobody looks for mail, until it is stale.
    }
  }
}

/** In memory of their own, which can be handed to a thread. */
function joined(head: Buffer, content: Buffer): Buffer {
  const bytes = Buffer.allocUnsafeSlow(head.byteLength + content.byteLength);
  bytes.set(head);
  bytes.set(content, head.byteLength);
  return bytes;
}
