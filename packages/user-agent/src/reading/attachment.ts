/**
 * The attachments of a message: what they are, and their octets, streamed.
 *
 * Every leaf that is not shown as text is one: files, pictures of the HTML, other
 * messages, the parts of a notification.
 */
import type { ContentWriter } from '@posthouse/mail';
import { printableLine } from './printable.ts';
import { distinctName, safeFileName } from './safe-file-name.ts';
import { walkParts } from './walk-parts.ts';
import type { MessagePart } from './walk-parts.ts';

/** What an attachment is said to be. Plain data. */
export interface AttachmentFacts {
  /** Which part of the message it is, counted from 1. */
  readonly part: number;
  /** For example `image/png`. */
  readonly contentType: string;
  /** The proposed name, to be shown; empty where there is none. */
  readonly filename: string;
  /** A name to save it under: no path, and no other attachment's of this message. */
  readonly safeName: string;
  /** Its name in links of the HTML; `undefined` where it has none. */
  readonly cid: string | undefined;
}

/** An attachment that was read to its end. */
export interface ReadAttachment extends AttachmentFacts {
  /** Octets, decoded. */
  readonly sizeBytes: number;
}

/** Where an attachment is to go; `undefined` passes it over. */
export type OpenAttachment = (
  attachment: AttachmentFacts,
) => ContentWriter | undefined | Promise<ContentWriter | undefined>;

/** Whether a part is the message's text, and no attachment. */
export function isText(part: MessagePart): boolean {
  return (
    (part.contentType === 'text/plain' || part.contentType === 'text/html') &&
    part.disposition !== 'attachment' &&
    (part.filename ?? '') === ''
  );
}

/** Names attachments, each with a name of its own. */
export class AttachmentNames {
  readonly #taken = new Set<string>();

  factsOf(part: MessagePart): AttachmentFacts {
    const type = part.contentType.replace(/^[^/]*\//, '').replace(/[^a-z0-9-]/g, '');
    const safe = safeFileName(part.filename, `part-${part.number}.${type === '' ? 'bin' : type}`);
    const safeName = distinctName(safe, this.#taken);
    this.#taken.add(safeName.toLowerCase());
    return {
      part: part.number,
      contentType: printableLine(part.contentType),
      filename: printableLine(part.filename ?? ''),
      safeName,
      cid: part.cid === undefined ? undefined : printableLine(part.cid),
    };
  }
}

/** Streams attachments into writers. @throws what a writer, the file system or the parser throws */
export async function saveAttachments(
  path: string,
  open: OpenAttachment,
): Promise<readonly ReadAttachment[]> {
  const names = new AttachmentNames();
  const saved: ReadAttachment[] = [];
  await walkParts(path, async (part) => {
    if (isText(part)) return;
    const facts = names.factsOf(part);
    const writer = await open(facts);
    if (writer === undefined) return;
    let sizeBytes = 0;
    for await (const chunk of part.content as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      await writer.write(chunk);
    }
    await writer.end();
    saved.push({ ...facts, sizeBytes });
  });
  return saved;
}
