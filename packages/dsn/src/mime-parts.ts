/**
 * The parts of a message that make it a notification; the only importer of
 * mailparser, which is loaded when it is first needed.
 *
 * Never throws: what the parser cannot read is `undefined`.
 */

/** What was found. */
export interface NotificationParts {
  /** The delivery-status part, decoded. */
  readonly status: string | undefined;
  /** The part for people. */
  readonly text: string | undefined;
  readonly returned: ReturnedPart | undefined;
}

/** A message or a header section that came back. */
export interface ReturnedPart {
  readonly kind: 'message' | 'headers';
  readonly bytes: Buffer;
}

/** Reports are short, and what is returned stands at their end. */
const MAX_BYTES = 8 * 1_024 * 1_024;

const RETURNED: Readonly<Record<string, ReturnedPart['kind']>> = {
  'message/rfc822': 'message',
  'message/global': 'message',
  'text/rfc822-headers': 'headers',
  'message/rfc822-headers': 'headers', // not registered, yet seen
  'message/global-headers': 'headers',
};

/** Parses a message, at most its first 8 MiB. */
export async function readMimeParts(message: Uint8Array): Promise<NotificationParts | undefined> {
  const { simpleParser } = await import('mailparser');
  const source = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  try {
    const parsed = await simpleParser(source.subarray(0, MAX_BYTES), {
      keepDeliveryStatus: true,
      skipImageLinks: true,
      skipTextToHtml: true,
      skipTextLinks: true,
    });
    let status: string | undefined;
    let returned: ReturnedPart | undefined;
    for (const { contentType, content } of parsed.attachments) {
      const type = contentType.toLowerCase();
      const kind = RETURNED[type];
      if (/^message\/(?:global-)?delivery-status$/.test(type)) status ??= content.toString('utf8');
      else if (kind !== undefined) returned ??= { kind, bytes: content };
    }
    return { status, text: parsed.text, returned };
  } catch {
    return undefined;
  }
}
