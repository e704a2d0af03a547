/** The certificate of a listener, from its two files. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ExitError } from './exit-code.ts';

/** Where they are; as @posthouse/configuration gives it. */
export interface CertificatePlace {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** PEM texts that belong together. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Reads both. @throws ExitError `configuration` where one cannot be read, or they do not belong together */
export async function readCertificate(place: CertificatePlace): Promise<Certificate> {
  const [cert, key] = [await text(place.certificateFile), await text(place.keyFile)];
  let fits: boolean;
  try {
    fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const files = `${place.certificateFile} and ${place.keyFile}`;
    throw new ExitError('configuration', `No certificate and key in ${files}: ${reason}`, error);
  }
  if (fits) return { cert, key };
  const what = `${place.keyFile} is not the key of ${place.certificateFile}`;
  throw new ExitError('configuration', what);
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExitError('configuration', `The certificate cannot be read: ${reason}`, error);
  }
}
