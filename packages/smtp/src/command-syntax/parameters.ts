/**
 * ESMTP parameters as a table of keyword and value.
 *
 * A keyword that was not offered is refused, known or not: what EHLO does not promise is
 * never taken silently (RFC 5321 §4.1.1.11: 555). One that is given twice, or lacks its
 * value, is a syntax error.
 *
 * RFC 5321 §4.1.2 (esmtp-param).
 */
import { refuse } from '@posthouse/mail';
import type { MailError } from '@posthouse/mail';

/** Parameters by keyword in upper case; `true` where no value was given. */
export type Parameters = ReadonlyMap<string, string | true>;

const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/;
/** Printable without `=`; UTF-8 is let through to the parameters that may hold it (RFC 6531 §3.3). */
const VALUE = /^[\u0021-\u003c\u003e-\u007e\u0080-\u{10ffff}]+$/u;

const NONE: Parameters = new Map();

/**
 * Reads the parameters that were given.
 * @param known keywords on offer in this session
 * @throws MailError `parameter-unknown`, `parameter-syntax`
 */
export function readParameters(
  given: readonly string[],
  known: (keyword: string) => boolean,
): Parameters {
  if (given.length === 0) return NONE;
  const parameters = new Map<string, string | true>();
  for (const parameter of given) {
    const equals = parameter.indexOf('=');
    const keyword = (equals === -1 ? parameter : parameter.slice(0, equals)).toUpperCase();
    const value = equals === -1 ? true : parameter.slice(equals + 1);
    if (!KEYWORD.test(keyword)) throw refuse('parameter-syntax');
    if (!known(keyword)) {
      throw refuse('parameter-unknown', {
        text: `Parameter not recognized or not offered: ${keyword.slice(0, 40)}`,
      });
    }
    if (parameters.has(keyword)) throw badParameter(keyword, 'is given twice');
    if (value !== true && !VALUE.test(value)) throw badParameter(keyword, 'has no proper value');
    parameters.set(keyword, value);
  }
  return parameters;
}

/** The value of a parameter that must have one. @throws MailError `parameter-syntax` */
export function valueOf(parameters: Parameters, keyword: string): string | undefined {
  const value = parameters.get(keyword);
  if (value === true) throw badParameter(keyword, 'needs a value');
  return value;
}

/** Whether a parameter that takes no value was given. @throws MailError `parameter-syntax` */
export function isGiven(parameters: Parameters, keyword: string): boolean {
  const value = parameters.get(keyword);
  if (typeof value === 'string') throw badParameter(keyword, 'takes no value');
  return value === true;
}

/** A refusal that names the parameter. */
export function badParameter(keyword: string, what: string): MailError {
  return refuse('parameter-syntax', { text: `Parameter ${keyword} ${what}` });
}
