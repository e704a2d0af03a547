/**
 * MaildirWriter: puts a message into a folder, `tmp` → `new`, so that it stays.
 *
 * The order: write `tmp/NAME`, sync it, rename it to `new/NAME`, sync `new`. `deliver`
 * resolves after the last step, with the path. Readers see the whole message or nothing.
 * When it rejects, the file is gone from both places, as far as the disk allows. A missing
 * Maildir is made, durably, with mode 0700; files have mode 0600. The hot path asks the
 * disk nothing: what was made once is taken to be there until a call says `missing`.
 */
import { join } from 'node:path';
import { isFault, openDurableWriter, publishFile, writeNewFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
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

/** Told of a message's two critical moments. */
export interface DeliveryObserver {
  /** The file is whole and on the disk; readers see it next. When it rejects, they do not. */
  beforePublish(name: NewName): Promise<void>;
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
    const unfinished = join(folder, 'tmp', fileName);
    await this.#writeIn(folder, () => this.#write(unfinished, head, content));
    const beforeRemoval = async (): Promise<void> => observer?.beforeRemoval(name);
    try {
      await observer?.beforePublish(name);
    } catch (error) {
      await this.#remove(unfinished, beforeRemoval);
      throw error;
    }
    const path = join(folder, 'new', fileName);
    await publishFile(this.#disk, unfinished, path, { beforeRemoval });
    return path;
  }

  /** Does work that needs the directories of a folder, and makes these where they are missing. */
  async #writeIn(folder: string, work: () => Promise<void>): Promise<void> {
    const isKnown = this.#ready.has(folder);
    await (this.#ready.get(folder) ?? this.#prepare(folder));
    try {
      await work();
    } catch (error) {
      if (!isKnown || !isFault(error, 'missing')) throw error;
      await this.#prepare(folder); // somebody has removed it since
      await work();
    }
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

  /** Writes the file in `tmp`, and syncs it. */
  async #write(path: string, head: Buffer, content: StoredContent): Promise<void> {
    if (content.bytes !== undefined) {
      return writeNewFile(this.#disk, path, Buffer.concat([head, content.bytes]));
    }
    const file = await openDurableWriter(this.#disk, path);
    try {
      await file.write(head);
      for await (const piece of content.open()) await file.write(piece);
      return await file.finish();
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
