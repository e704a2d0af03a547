/**
 * A letter for clients to send, with what breaks on the way if anything does: lines that begin with
 * dots and with `From `, empty lines, letters beyond ASCII, and two alternatives.
 *
 * It lies in a directory as whoever sends it wants it: its parts for clients that compose
 * (subject.txt, letter.txt, letter.html), whole for those that send a file (letter.eml).
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the reader shall read. */
export interface Letter {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const LETTER: Letter = {
  subject: 'Grüße aus Köln',
  text: 'Dear Bob,\n.\n..two dots, and before them one alone\nFrom here on: naïve café ☃\n\nAlice\n',
  html: '<p>Dear <b>Bob</b>,</p>\n.\n<p>naïve café ☃</p>\n',
};

/** Where the letter lies, and between whom it goes. */
export interface Correspondence {
  readonly directory: string;
  readonly sender: string;
  readonly recipient: string;
}

/** Writes the letter, or one of this many octets and some. */
export async function writeLetter(
  { directory, recipient, sender }: Correspondence,
  sizeBytes = 0,
): Promise<Letter> {
  const filling = 'A line of sixty-three letters and one line feed, over and over.\n';
  const letter = { ...LETTER, text: LETTER.text + filling.repeat(Math.ceil(sizeBytes / 64)) };
  const files = {
    'subject.txt': letter.subject,
    'letter.txt': letter.text,
    'letter.html': letter.html,
    'letter.eml': whole(letter, sender, recipient),
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(directory, name), content);
  }
  return letter;
}

/** As other programs would have composed it, without Date and Message-ID. */
function whole({ html, subject, text }: Letter, sender: string, recipient: string): string {
  const part = (type: string, content: string): string =>
    `--next\nContent-Type: ${type}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${content}\n`;
  return [
    `From: Alice <${sender}>\nTo: ${recipient}\n`,
    `Subject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=\n`,
    'MIME-Version: 1.0\nContent-Type: multipart/alternative;\n boundary=next\n',
    'Content-Transfer-Encoding: 8bit\n\n',
    `${part('text/plain', text)}${part('text/html', html)}--next--\n`,
  ].join('');
}
