/**
 * QuotaBook: is there room in a mailbox, and what is in it now.
 *
 * The truth is `maildirsize` (Maildir++), which IMAP servers keep as well; it is read at
 * most once a second for a mailbox. Who wants to deliver reserves his room first, so that
 * deliveries at the same time cannot fill a mailbox twice over. Before mail is refused for
 * a full mailbox its messages are counted anew, though not more often than every quarter
 * of an hour. The file is not synced: after a crash it may be off by what was under way,
 * until somebody counts again. Mailboxes without a quota have no such file and cost nothing.
 */
import { join } from 'node:path';
import { isFault, readFile, replaceFile } from '@posthouse/durable-fs';
import type { Disk } from '@posthouse/durable-fs';
import { refuse } from '@posthouse/mail';
import type { Clock, Logger } from '@posthouse/mail';
import { listFolders } from '../maildir/folders.ts';
import { listMessages } from '../maildir/list.ts';
import {
  MAX_MAILDIRSIZE_BYTES,
  formatChange,
  formatMaildirSize,
  parseMaildirSize,
} from './maildirsize.ts';
import type { MaildirSize } from './maildirsize.ts';

/** A mailbox with a quota. */
export interface LimitedMailbox {
  readonly maildir: string;
  readonly quotaBytes: number;
}

/** Room that is kept for a message. One of the two is called, once. */
export interface Reservation {
  /** The message is in the mailbox. Never rejects: a mistake in the book loses no mail. */
  use(): Promise<void>;
  release(): void;
}

export interface QuotaBook {
  /** @throws MailError `mailbox-full` or `mailbox-too-small`; DurableFsError */
  check(mailbox: LimitedMailbox, sizeBytes: number): Promise<void>;
  /** @throws as `check` */
  reserve(mailbox: LimitedMailbox, sizeBytes: number): Promise<Reservation>;
}

const FRESH_MS = 1000;
const RECOUNT_AFTER_MS = 15 * 60_000;
/** Forgetting one costs reading a small file. */
const MAX_REMEMBERED = 10_000;
/** A file that is longer than this is none of ours. */
const MAX_READ_BYTES = 65_536;

interface Page {
  usedBytes: number;
  messages: number;
  /** Whether there is a file to append to. A mailbox that has had no mail yet has none. */
  hasFile: boolean;
  readAt: number;
  countedAt: number;
  /** Reservations: of how many octets, and how many. */
  reservedBytes: number;
  reservations: number;
  /** Reading or counting. */
  busy: Promise<void> | undefined;
}

export function createQuotaBook(deps: {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
}): QuotaBook {
  return new MaildirQuotaBook(deps.disk, deps.clock, deps.logger);
}

class MaildirQuotaBook implements QuotaBook {
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pages = new Map<string, Page>();

  constructor(disk: Disk, clock: Clock, logger: Logger) {
    this.#disk = disk;
    this.#clock = clock;
    this.#logger = logger;
  }

  async check(mailbox: LimitedMailbox, sizeBytes: number): Promise<void> {
    await this.#pageWithRoom(mailbox, sizeBytes);
  }

  async reserve(mailbox: LimitedMailbox, sizeBytes: number): Promise<Reservation> {
    const page = await this.#pageWithRoom(mailbox, sizeBytes);
    page.reservedBytes += sizeBytes;
    page.reservations += 1;
    const release = (): void => {
      page.reservedBytes -= sizeBytes;
      page.reservations -= 1;
    };
    return {
      release,
      use: async () => {
        release();
        try {
          await this.#use(page, mailbox, sizeBytes);
        } catch (error) {
          const fields = { event: 'quota-trouble', maildir: mailbox.maildir, err: error };
          this.#logger.warn(fields, 'the size of a mailbox could not be noted');
        }
      },
    };
  }

  async #use(page: Page, mailbox: LimitedMailbox, sizeBytes: number): Promise<void> {
    const take = (): void => {
      page.usedBytes += sizeBytes;
      page.messages += 1;
    };
    if (page.hasFile) {
      take();
      return this.#append(mailbox.maildir, formatChange(sizeBytes, 1));
    }
    return this.#exclusively(page, async () => {
      take();
      if (page.hasFile) await this.#append(mailbox.maildir, formatChange(sizeBytes, 1));
      else await this.#write(page, mailbox);
    });
  }

  async #pageWithRoom(mailbox: LimitedMailbox, sizeBytes: number): Promise<Page> {
    if (sizeBytes > mailbox.quotaBytes) throw refuse('mailbox-too-small', { scope: 'recipient' });
    const page = this.#page(mailbox.maildir);
    const isFull = (): boolean =>
      page.usedBytes + page.reservedBytes + sizeBytes > mailbox.quotaBytes;
    await this.#exclusively(page, async () => {
      if (this.#clock.now() - page.readAt > FRESH_MS) await this.#read(page, mailbox);
      const isOld = this.#clock.now() - page.countedAt > RECOUNT_AFTER_MS;
      if (isFull() && isOld && page.reservations === 0) await this.#count(page, mailbox);
    });
    if (isFull()) throw refuse('mailbox-full', { scope: 'recipient' });
    return page;
  }

  #page(maildir: string): Page {
    const known = this.#pages.get(maildir);
    if (known !== undefined) return known;
    const [oldest] = this.#pages.keys();
    if (this.#pages.size >= MAX_REMEMBERED && oldest !== undefined) this.#pages.delete(oldest);
    const page: Page = {
      usedBytes: 0,
      messages: 0,
      hasFile: false,
      readAt: -Infinity,
      countedAt: -Infinity,
      reservedBytes: 0,
      reservations: 0,
      busy: undefined,
    };
    this.#pages.set(maildir, page);
    return page;
  }

  /** One at a time for a page; who comes second finds the work done. */
  async #exclusively(page: Page, work: () => Promise<void>): Promise<void> {
    while (page.busy !== undefined) await page.busy.catch(() => undefined);
    page.busy = work().finally(() => {
      page.busy = undefined;
    });
    await page.busy;
  }

  async #read(page: Page, mailbox: LimitedMailbox): Promise<void> {
    const text = await this.#fileText(mailbox.maildir);
    const size = text === undefined ? undefined : parseMaildirSize(text);
    const isLong = (text?.length ?? 0) > MAX_MAILDIRSIZE_BYTES;
    // While messages are on their way, a count would take some of them twice.
    const isUsable =
      size?.limitBytes === mailbox.quotaBytes && !(isLong && page.reservations === 0);
    if (size === undefined || !isUsable) return this.#count(page, mailbox);
    page.hasFile = true;
    return this.#learn(page, size);
  }

  async #fileText(maildir: string): Promise<string | undefined> {
    try {
      const bytes = await readFile(this.#disk, join(maildir, 'maildirsize'), MAX_READ_BYTES);
      return Buffer.from(bytes).toString('latin1');
    } catch (error) {
      if (isFault(error, 'missing') || error instanceof RangeError) return undefined;
      throw error;
    }
  }

  async #count(page: Page, mailbox: LimitedMailbox): Promise<void> {
    this.#learn(page, await countMessages(this.#disk, mailbox));
    page.countedAt = this.#clock.now();
    // Nobody makes a Maildir by asking for its size.
    page.hasFile = false;
    if (page.messages > 0) await this.#write(page, mailbox);
  }

  #learn(page: Page, size: MaildirSize): void {
    page.usedBytes = Math.max(0, size.usedBytes);
    page.messages = Math.max(0, size.messages);
    page.readAt = this.#clock.now();
  }

  async #write(page: Page, { maildir, quotaBytes }: LimitedMailbox): Promise<void> {
    const { usedBytes, messages } = page;
    const text = formatMaildirSize({ limitBytes: quotaBytes, usedBytes, messages });
    await replaceFile(this.#disk, join(maildir, 'maildirsize'), Buffer.from(text));
    page.hasFile = true;
  }

  async #append(maildir: string, line: string): Promise<void> {
    const { fileSystem } = this.#disk;
    const file = await fileSystem.open(join(maildir, 'maildirsize'), 'append', 0o600);
    try {
      await fileSystem.write(file, Buffer.from(line));
    } finally {
      await fileSystem.close(file);
    }
  }
}

async function countMessages(disk: Disk, mailbox: LimitedMailbox): Promise<MaildirSize> {
  let usedBytes = 0;
  let messages = 0;
  for (const folder of await listFolders(disk, mailbox.maildir)) {
    for (const { path, name } of await listMessages(disk, folder)) {
      usedBytes += name.sizeBytes ?? (await sizeOf(disk, path));
      messages += 1;
    }
  }
  return { limitBytes: mailbox.quotaBytes, usedBytes, messages };
}

async function sizeOf(disk: Disk, path: string): Promise<number> {
  try {
    return (await disk.fileSystem.stat(path)).sizeBytes;
  } catch (error) {
    if (isFault(error, 'missing')) return 0;
    throw error;
  }
}
