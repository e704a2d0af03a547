/**
 * Walks through the parts of a message in its file, one after the other, in bounded memory.
 *
 * mailparser splits and decodes; every leaf is given as a stream, text as well, because the
 * parser would hold text whole in memory. That is asked of an internal method (`createNode`),
 * which the tests of `show` notice if it goes away. Messages within the message are leaves.
 * What mailparser takes for an attack (a thousand parts, endless header sections) is thrown.
 *
 * RFC 2045, RFC 2046, RFC 2183, RFC 2231.
 */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { AttachmentStream, Headers, MailParser, MessageText } from 'mailparser';

/** A leaf of the message. */
export interface MessagePart {
  /** Counted from 1, in the order of the message. */
  readonly number: number;
  /** In lower case, without parameters. */
  readonly contentType: string;
  /** The whole field's value, for charset and flow; `undefined` where there is none. */
  readonly contentTypeField: string | undefined;
  /** Its disposition, in lower case; `undefined` where it says none. */
  readonly disposition: string | undefined;
  /** The proposed name, as the message says it: not to be trusted. */
  readonly filename: string | undefined;
  /** Without angle brackets. */
  readonly cid: string | undefined;
  /** It is one of several forms of the same content. */
  readonly alternative: boolean;
  /** It is all there is: the message has no other part. */
  readonly single: boolean;
  /** The content, transfer encoding decoded. What is not read is passed over. */
  readonly content: Readable;
}

/** Takes one part; the next comes when it has settled, unless it says that it has seen enough. */
export type VisitPart = (part: MessagePart) => Promise<void | 'enough'>;

/** Small, so that less memory waits to be freed while a large message goes by. */
const READ_BYTES = 16_384;

export interface WalkOptions {
  /** The message, instead of what the file holds. */
  readonly octets?: AsyncIterable<Buffer>;
}

/** Walks through. @throws what the parser, the file system or `visit` throws */
export async function walkParts(
  path: string,
  visit: VisitPart,
  { octets }: WalkOptions = {},
): Promise<void> {
  const { MailParser: Parser } = await import('mailparser');
  const parser = new Parser({
    checksumAlgo: false,
    ignoreEmbedded: true,
    keepDeliveryStatus: true,
    skipHtmlToText: true,
    skipTextToHtml: true,
  });
  const leaves = streamEveryLeaf(parser);
  // A parser that has failed ends the stream of no part: whoever reads one would wait for ever.
  let content: Readable | undefined;
  parser.on('error', (error: Error) => content?.destroy(error));
  const source =
    octets === undefined
      ? createReadStream(path, { highWaterMark: READ_BYTES })
      : Readable.from(octets, { highWaterMark: 1 });
  source.on('error', (error: Error) => parser.destroy(error));
  source.pipe(parser);
  try {
    let number = 0;
    for await (const item of parser as AsyncIterable<AttachmentStream | MessageText>) {
      if (item.type !== 'attachment') continue;
      content = item.content;
      content.on('error', () => undefined); // told to whoever reads it, and here by the parser
      if ((await visit(partOf(item, ++number, leaves.get(item.headers)))) === 'enough') return;
      item.release?.();
      content.resume();
    }
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/** The parser's own view of a part, as far as we need it. */
interface ParserNode {
  readonly contentType: string | undefined;
  readonly parent?: ParserNode;
  readonly headers: Headers;
  readonly headerLines: readonly { readonly key: string; readonly line: string }[];
  readonly decoder?: unknown;
  isAttachment?: boolean;
}

/** Makes the parser stream what it would hold, and remember where each leaf stands. */
function streamEveryLeaf(parser: MailParser): WeakMap<Headers, ParserNode> {
  const leaves = new WeakMap<Headers, ParserNode>();
  // Not in mailparser's types: see above.
  const internals = parser as unknown as { createNode(data: unknown): ParserNode };
  const createNode = internals.createNode.bind(parser);
  internals.createNode = (data) => {
    const node = createNode(data);
    if (node.decoder !== undefined) node.isAttachment = true;
    leaves.set(node.headers, node);
    return node;
  };
  return leaves;
}

function partOf(item: AttachmentStream, number: number, node: ParserNode | undefined): MessagePart {
  const line = node?.headerLines.find(({ key }) => key === 'content-type')?.line;
  let alternative = false;
  for (let at = node?.parent; at !== undefined; at = at.parent) {
    alternative ||= at.contentType?.toLowerCase() === 'multipart/alternative';
  }
  return {
    number,
    contentType: (node?.contentType ?? item.contentType).toLowerCase(),
    contentTypeField: line?.slice(line.indexOf(':') + 1).trim(),
    disposition: item.contentDisposition?.toLowerCase(),
    filename: item.filename,
    cid: item.cid,
    alternative,
    single: node !== undefined && node.parent === undefined,
    content: item.content,
  };
}
