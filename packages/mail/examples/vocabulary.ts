/** Addresses, replies and refusals: what all parts of Posthouse speak. */
import {
  displayMailbox,
  formatMailbox,
  parseMailbox,
  readReply,
  refuse,
  replyText,
} from '@posthouse/mail';

const mailbox = parseMailbox('Bob+lists@bücher.example');
if (mailbox === undefined) throw new TypeError('no mailbox');
console.log(formatMailbox(mailbox)); // Bob+lists@xn--bcher-kva.example, for the wire
console.log(displayMailbox(mailbox)); // Bob+lists@bücher.example, for people

console.log(readReply(550, ['5.1.1 gone']).status); // { class: 5, subject: 1, detail: 1 }

const refusal = refuse('no-such-mailbox');
console.log(replyText(refusal.reply)); // 550 5.1.1 No such mailbox here
console.log(refusal.permanent, refusal.proof); // true no-such-mailbox
