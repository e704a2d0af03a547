/**
 * A TLS report as JSON, and as a message. Pure.
 *
 * The same counts give the same report. The message asks to arrive even where TLS with the
 * domain is broken, for that is what it may have to tell (RFC 8689 §3, RFC 8460 §5.3).
 *
 * RFC 8460 §4 (schema), §5.1 (file name), §5.3 (mail).
 */
import { gzipSync } from 'node:zlib';
import { formatMailbox } from '@posthouse/mail';
import type { Mailbox } from '@posthouse/mail';
import type { DomainTally, PolicyTally } from './tally.ts';

/** Who reports. */
export interface Submitter {
  /** The domain in whose name it is reported: that of `from`. */
  readonly from: Mailbox;
  readonly organization: string;
  /** How to reach people. @default the address of `from` */
  readonly contact?: string | undefined;
}

/** A report, ready to be handed over. */
export interface TlsReport {
  readonly id: string;
  readonly from: Mailbox;
  readonly domain: string;
  readonly fileName: string;
  /** The JSON, compressed. */
  readonly gzip: Buffer;
}

const DAY_SECONDS = 86_400;

/** Makes the report of a domain's day. */
export function composeReport(tally: DomainTally, submitter: Submitter): TlsReport {
  const { day, domain } = tally;
  const id = `${day}T00:00:00Z_${domain}`;
  const start = Date.parse(`${day}T00:00:00Z`) / 1000;
  const json = {
    'organization-name': submitter.organization,
    'date-range': { 'start-datetime': `${day}T00:00:00Z`, 'end-datetime': `${day}T23:59:59Z` },
    'contact-info': submitter.contact ?? formatMailbox(submitter.from),
    'report-id': id,
    policies: tally.policies.map((policy) => policyJson(domain, policy)),
  };
  return {
    id,
    from: submitter.from,
    domain,
    fileName: `${submitter.from.domain}!${domain}!${start}!${start + DAY_SECONDS - 1}.json.gz`,
    gzip: gzipSync(JSON.stringify(json)),
  };
}

/** The message that carries it to an address. */
export function composeReportMessage(
  report: TlsReport,
  envelope: { readonly to: Mailbox; readonly id: string; readonly at: number },
): Buffer {
  const { domain, fileName, from, gzip, id } = report;
  const boundary = `=_${envelope.id}`;
  const sender = from.domain;
  const base64 = gzip.toString('base64').match(/.{1,76}/g) ?? [];
  const lines = [
    `From: ${formatMailbox(from)}`,
    `To: ${formatMailbox(envelope.to)}`,
    `Date: ${new Date(envelope.at).toUTCString().replace('GMT', '+0000')}`,
    `Subject: Report Domain: ${domain}\r\n Submitter: ${sender}\r\n Report-ID: <${id}@${sender}>`,
    `Message-ID: <${envelope.id}@${sender}>`,
    `TLS-Report-Domain: ${domain}`,
    `TLS-Report-Submitter: ${sender}`,
    'TLS-Required: No',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type="tlsrpt";\r\n boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is a report about TLS with the mail hosts of ${domain}.`,
    'RFC 8460 tells what is in the file.',
    '',
    `--${boundary}`,
    'Content-Type: application/tlsrpt+gzip',
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment;\r\n filename="${fileName}"`,
    '',
    ...base64,
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

function policyJson(domain: string, { details, failures, policy, successes }: PolicyTally): object {
  return {
    policy: {
      'policy-type': policy.type,
      ...(policy.strings.length > 0 && { 'policy-string': policy.strings }),
      'policy-domain': domain,
      ...(policy.mxHosts.length > 0 && { 'mx-host': policy.mxHosts }),
    },
    summary: {
      'total-successful-session-count': successes,
      'total-failure-session-count': failures,
    },
    ...(details.length > 0 && {
      'failure-details': details.map((detail) => ({
        'result-type': detail.result,
        ...(detail.sendingIp !== undefined && { 'sending-mta-ip': detail.sendingIp }),
        'receiving-mx-hostname': detail.mxHost,
        ...(detail.receivingIp !== undefined && { 'receiving-ip': detail.receivingIp }),
        'failed-session-count': detail.count,
        ...(detail.reason !== undefined && { 'failure-reason-code': detail.reason }),
      })),
    }),
  };
}
