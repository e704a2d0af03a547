/**
 * A message as its author writes it, before it is one.
 *
 * Plain data but for content that is read as it is needed. Nothing here is looked up,
 * fetched or read from a path: whoever calls has the bytes. What is wrong with a draft is
 * found by `compose`, which names every problem at once.
 */

/** An address: `alice@example.com`, `Alice <alice@example.com>`, or its parts. */
export type DraftAddress = string | DraftMailbox;

/** An address with the name that is shown for it. */
export interface DraftMailbox {
  /** @default none */
  readonly name?: string | undefined;
  /** `alice@example.com`; international domains and local-parts are welcome. */
  readonly address: string;
}

/** One address or several; a string may hold several, parted by commas. */
export type DraftAddresses = DraftAddress | readonly DraftAddress[];

/**
 * An attachment's octets. A function is called once to learn the size and once for each
 * sending, and must give the same octets each time: that is how more than memory holds is sent.
 */
export type DraftContent = Uint8Array | string | (() => AsyncIterable<Uint8Array>);

/** Something attached, or shown within the HTML. */
export interface DraftAttachment {
  readonly content: DraftContent;
  /** The name that is proposed for saving it. @default none */
  readonly filename?: string | undefined;
  /** @default by the file name's ending, else application/octet-stream */
  readonly contentType?: string | undefined;
  /** Shows it in the HTML, which says `src="cid:..."` with this word. */
  readonly cid?: string | undefined;
}

/** A header field that has no place of its own in a draft. */
export interface DraftField {
  readonly name: string;
  readonly value: string;
}

/** What an author writes. */
export interface Draft {
  readonly from: DraftAddress;
  /** Who sends it where that is not who wrote it (RFC 5322 §3.6.2). */
  readonly sender?: DraftAddress | undefined;
  readonly replyTo?: DraftAddresses | undefined;
  /** To, Cc and Bcc together name at least one recipient. */
  readonly to?: DraftAddresses | undefined;
  readonly cc?: DraftAddresses | undefined;
  /** Recipients that no other one sees: they stand in the envelope only. */
  readonly bcc?: DraftAddresses | undefined;
  readonly subject?: string | undefined;
  /** The message as text. Give it beside HTML: not everybody reads HTML. */
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  readonly attachments?: readonly DraftAttachment[] | undefined;
  /** Milliseconds since the epoch. @default now */
  readonly date?: number | undefined;
  /** With angle brackets. @default a new one, in the domain of From */
  readonly messageId?: string | undefined;
  /** The Message-ID that this answers. */
  readonly inReplyTo?: string | undefined;
  /** The Message-IDs of the conversation, oldest first. */
  readonly references?: readonly string[] | undefined;
  /** Where failures are told, or `<>` for nowhere. @default the sender's address, else From */
  readonly reversePath?: string | undefined;
  /** Further header fields; not those that a draft has a place for. */
  readonly fields?: readonly DraftField[] | undefined;
}
