/** The author's side: compose a message, submit it, read a Maildir, explain what went wrong. */
export { createMaildirReader } from './reading/maildir-reader.ts';
