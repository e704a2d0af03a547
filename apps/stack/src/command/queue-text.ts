/** The queue in words, for people. Text from outside is made harmless for the terminal. Pure. */
import { escapeControls } from '@posthouse/process';
import type {
  ListedRecipient,
  ShownEnvelope,
  ShownRate,
  ShownRecipient,
  ShownSite,
  SummarizedDomain,
} from '@posthouse/relay';

/** Two lines: who to whom, and how it stands. */
export function listText(entry: ListedRecipient, now: number): string {
  const { acceptedAt, id, recipient, sender, sizeBytes } = entry;
  const from = sender === '<>' ? '<>' : `<${sender}>`;
  const head = `${id}  ${sizeText(sizeBytes).padStart(7)}  ${spanText(now - Date.parse(acceptedAt)).padStart(6)} old  ${from} -> <${recipient}>`;
  return escapeControls(head) + `\n    ${escapeControls(stateText(entry, now))}`;
}

/** The envelope, a line for each fact. */
export function envelopeText(shown: ShownEnvelope): string {
  const { acceptedAt, digest, id, messageId, origin, sender, sizeBytes, traceId } = shown;
  const { greeting, identity, peer, protocol, tls } = origin;
  const from = [greeting, `[${peer.address}]`].filter((text) => text !== '').join(' ');
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['id', id],
    ['from', sender],
    ['Message-ID', messageId],
    ['accepted', `${acceptedAt} by ${protocol.toUpperCase()} from ${from}`],
    ['account', identity?.account],
    ['TLS', tls && `${tls.version} ${tls.cipher}`],
    ['size', `${sizeBytes} octets, SHA-256 ${digest}`],
    ['trace id', traceId],
  ];
  return rows
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `${name.padEnd(11)} ${escapeControls(text ?? '')}`)
    .join('\n');
}

export function recipientText(recipient: ShownRecipient, now: number): string {
  const state = stateText(recipient, now);
  return `to          ${escapeControls(`<${recipient.recipient}>`)}\n            ${escapeControls(state)}`;
}

/** The matrix of age by destination: a line for each domain, and why it waits below it. */
export function summaryText(line: SummarizedDomain, now: number): string {
  const { ages, domain, held, nextAttemptAt, reason, recipients, reply, restsUntil } = line;
  const counts = ages.map(({ recipients: count }) => (count === 0 ? '.' : String(count)));
  const next = nextAttemptAt === undefined ? 'no attempt' : nextText(nextAttemptAt, now);
  const why = reply ?? reason;
  const state = [next, ...(restsUntil === undefined ? [] : ['its hosts rest'])].join(', ');
  const row = summaryRow(domain, [String(recipients), ...counts, held === 0 ? '.' : String(held)]);
  const below = [state, ...(why === undefined ? [] : [why])].join('; ');
  return `${escapeControls(row)}\n    ${escapeControls(below)}`;
}

/** The line above the matrix. */
export function summaryHead({ ages }: SummarizedDomain): string {
  const bounds = ages.map(({ underMinutes }) =>
    underMinutes === null ? 'older' : `<${spanText(underMinutes * 60_000)}`,
  );
  return summaryRow('domain', ['all', ...bounds, 'held']);
}

function summaryRow(name: string, cells: readonly string[]): string {
  return [name.padEnd(32), ...cells.map((cell) => cell.padStart(7))].join('');
}

/** A site on one line: what goes there, what it may have, and why not more. */
export function siteText(shown: ShownSite, now: number): string {
  const { attempts, heldUntil, learnt, maxAttempts, rates, restsUntil, site } = shown;
  const { maxAttempts: bears, messagesPerMinute } = learnt ?? {};
  const learntParts = [
    ...(bears === undefined ? [] : [`${bears} at once`]),
    ...(messagesPerMinute === undefined ? [] : [`${messagesPerMinute} messages a minute`]),
  ];
  const parts = [
    `${attempts}${maxAttempts === undefined ? '' : ` of ${maxAttempts}`} at once`,
    ...rates.map((rate) => usedText(rate, now)),
    ...(learnt === undefined ? [] : [`learnt to send ${learntParts.join(' and ')}`]),
    ...(restsUntil === undefined ? [] : [`rests for ${untilText(restsUntil, now)}`]),
    ...(heldUntil === undefined ? [] : [`held back for ${untilText(heldUntil, now)}`]),
  ];
  return escapeControls(`${site}  ${parts.join('; ')}`);
}

/** Whether less goes there than could: it rests, has used up a limit, or was learnt to bear less. */
export function isSlowed({ heldUntil, learnt, rates, restsUntil }: ShownSite): boolean {
  const isUsedUp = rates.some(({ freeAt }) => freeAt !== undefined);
  return isUsedUp || (heldUntil ?? learnt ?? restsUntil) !== undefined;
}

/** How much of a rate is used, and when one that is used up has room again. */
export function usedText({ freeAt, rate, used }: ShownRate, now: number): string {
  const free = freeAt === undefined ? '' : ` (free in ${untilText(freeAt, now)})`;
  return `${used} used of ${rate}${free}`;
}

function untilText(time: string, now: number): string {
  return spanText(Date.parse(time) - now);
}

function stateText(recipient: ShownRecipient, now: number): string {
  const { attempts, nextAttemptAt, reason, reply, state } = recipient;
  const how =
    state === 'held'
      ? 'held'
      : state === 'active'
        ? 'an attempt is under way'
        : nextText(nextAttemptAt, now);
  const tried =
    attempts === 0 ? 'not tried yet' : `${attempts} ${attempts === 1 ? 'try' : 'tries'}`;
  const why = reply ?? reason;
  return [how, tried, ...(why === undefined ? [] : [why])].join('; ');
}

function nextText(nextAttemptAt: string | undefined, now: number): string {
  const left = Date.parse(nextAttemptAt ?? '') - now;
  return left > 0 ? `next attempt in ${spanText(left)}` : 'due now';
}

function sizeText(octets: number): string {
  if (octets < 1000) return `${octets} B`;
  if (octets < 1e6) return `${(octets / 1e3).toFixed(1)} kB`;
  return `${(octets / 1e6).toFixed(1)} MB`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

function spanText(ms: number): string {
  const place = UNITS.findIndex(([, unit]) => ms >= unit);
  const [name, unit] = UNITS[place] ?? ['s', 1000];
  const whole = Math.floor(Math.max(0, ms) / unit);
  const finer = place === -1 ? undefined : UNITS[place + 1];
  const rest = finer === undefined ? 0 : Math.floor((ms % unit) / finer[1]);
  return `${whole}${name}${finer !== undefined && rest > 0 ? `${rest}${finer[0]}` : ''}`;
}
