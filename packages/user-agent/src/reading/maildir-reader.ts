/**
 * Reads a Maildir, and marks and moves what is in it, while deliveries and an IMAP server
 * use it at the same time.
 *
 * Nothing is locked and nothing is kept between two calls: each looks at what is there.
 * What is not as the call expects it is a MaildirError; everything else that is thrown
 * comes from the file system.
 */
import { findFolder, INBOX, listFolders, makeFolder } from '../maildir/folders.ts';
import { markMessage, moveMessage } from '../maildir/change.ts';
import { withMessage } from '../maildir/locate.ts';
import { flagsOf } from '../maildir/entry.ts';
import type { MessageFlags } from '../maildir/entry.ts';
import { MaildirError } from '../maildir/maildir-error.ts';
import type { FolderPlace } from '../maildir/scan.ts';
import { saveAttachments } from './attachment.ts';
import type { OpenAttachment, ReadAttachment } from './attachment.ts';
import { within } from './criteria.ts';
import type { Criteria } from './criteria.ts';
import { listMessages, searchMessages } from './select-messages.ts';
import type { MessagePage, PageOptions } from './select-messages.ts';
import { createTextReader, showMessage } from './show-message.ts';
import type { ShownMessage } from './show-message.ts';

export interface MaildirReaderOptions {
  /** The directory with `new`, `cur` and `tmp` in it. */
  readonly directory: string;
  /** How much of a message's text is shown and searched. @default 256 KiB */
  readonly maxTextBytes?: number | undefined;
}

/** Which message; a summary is one. */
export interface MessageReference {
  /** @default INBOX */
  readonly folder?: string | undefined;
  readonly id: string;
}

export interface MaildirReader {
  /** The names of all folders, INBOX first. */
  folders(): Promise<readonly string[]>;
  /** The newest messages of a folder. */
  list(folder?: string, page?: PageOptions): Promise<MessagePage>;
  /** The newest messages that fit. */
  search(criteria: Criteria, folder?: string, page?: PageOptions): Promise<MessagePage>;
  show(message: MessageReference): Promise<ShownMessage>;
  /** Streams attachments to where `open` says. @returns those that were saved */
  saveAttachments(
    message: MessageReference,
    open: OpenAttachment,
  ): Promise<readonly ReadAttachment[]>;
  /** Sets and clears flags. @returns the flags as they are now */
  mark(message: MessageReference, change: Partial<MessageFlags>): Promise<MessageFlags>;
  /** Moves a message. @param options.make makes the folder where it is not there */
  move(
    message: MessageReference,
    folder: string,
    options?: { readonly make?: boolean | undefined },
  ): Promise<MessageReference>;
}

const DEFAULT_MAX_TEXT_BYTES = 262_144;

/** Makes a reader; nothing is read before the first call. */
export function createMaildirReader(options: MaildirReaderOptions): MaildirReader {
  const { directory } = options;
  const maxTextBytes = options.maxTextBytes ?? DEFAULT_MAX_TEXT_BYTES;
  const placeOf = async (folder = INBOX): Promise<FolderPlace> => ({
    folder,
    directory: await findFolder(directory, folder),
  });
  return {
    folders: () => listFolders(directory),
    list: async (folder, page = {}) => listMessages(await placeOf(folder), page),
    search: async (criteria, folder, page = {}) => {
      const texts = createTextReader(maxTextBytes);
      return searchMessages(await placeOf(folder), criteria, page, async (path) =>
        within(await texts.read(path), criteria.body),
      );
    },
    show: async ({ folder, id }) =>
      withMessage(await placeOf(folder), id, (path, entry) =>
        showMessage(path, entry, maxTextBytes),
      ),
    saveAttachments: async ({ folder, id }, open) =>
      withMessage(await placeOf(folder), id, (path) => saveAttachments(path, open)),
    mark: async ({ folder, id }, change) =>
      flagsOf((await markMessage(await placeOf(folder), id, change)).flags),
    move: async ({ folder, id }, to, { make = false } = {}) => {
      const from = await placeOf(folder);
      const target = await placeOf(to).catch(async (error: unknown) => {
        const absent = error instanceof MaildirError && error.kind === 'no-such-folder';
        if (!make || !absent) throw error;
        return { folder: to, directory: await makeFolder(directory, to) };
      });
      const moved = await moveMessage(from, id, target);
      return { folder: moved.folder, id: moved.id };
    },
  };
}
