import { describe, expect, it } from 'vitest';
import { parseDomain } from '@posthouse/mail';
import { findProvider, listProviders } from '../src/catalogue.ts';

describe('providers', () => {
  it.each([
    ['Gmail', 'smtp.gmail.com', 465, 'implicit'],
    ['alice@googlemail.com', 'smtp.gmail.com', 465, 'implicit'],
    ['outlook', 'smtp-mail.outlook.com', 587, 'required'],
    ['Microsoft 365', 'smtp.office365.com', 587, 'required'],
    ['office365', 'smtp.office365.com', 587, 'required'],
    ['yahoo', 'smtp.mail.yahoo.com', 465, 'implicit'],
    ['sendgrid', 'smtp.sendgrid.net', 587, 'required'],
    ['Mailgun', 'smtp.mailgun.org', 465, 'implicit'],
    ['Amazon SES', 'email-smtp.us-east-1.amazonaws.com', 465, 'implicit'],
    ['ses-eu-west-1', 'email-smtp.eu-west-1.amazonaws.com', 465, 'implicit'],
    ['postmark', 'smtp.postmarkapp.com', 2525, 'required'],
    ['SMTP.com', 'send.smtp.com', 587, 'required'],
    ['brevo', 'smtp-relay.brevo.com', 587, 'required'],
    ['Bluewin', 'smtpauths.bluewin.ch', 465, 'implicit'],
    ['hot.ee', 'mail.hot.ee', 587, 'required'],
    ['Maildev', 'localhost', 1025, 'off'],
  ])('knows %s', (name, host, port, tls) => {
    expect(findProvider(name)).toMatchObject({ host, port, tls });
  });

  it('knows what to log in with where that is special', () => {
    expect(findProvider('SES-US-EAST-2')?.login).toContain('SES console');
    expect(findProvider('SendGrid')?.login).toContain('apikey');
  });

  it('does not guess', () => {
    for (const name of ['', 'nobody', 'example.com', '@', '__proto__', 'constructor']) {
      expect(findProvider(name)).toBeUndefined();
    }
  });

  it('lists every one, ready to connect to, and in the clear on this machine only', () => {
    const providers = listProviders();
    expect(providers.length).toBeGreaterThan(90);
    for (const { name, host, port, tls } of providers) {
      expect(host === 'localhost' || parseDomain(host) !== undefined, name).toBe(true);
      expect(Number.isInteger(port) && port > 0 && port < 65_536, name).toBe(true);
      expect(tls !== 'off' || host === 'localhost', name).toBe(true);
    }
  });
});
