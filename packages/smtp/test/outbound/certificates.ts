/** The certificate of scripted peers: for peer.example.test and 127.0.0.1, trusted by itself only. */
import { readFileSync } from 'node:fs';

function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

export const PEER_CERTIFICATE: { readonly key: string; readonly cert: string } = {
  key: fixture('peer-key.pem'),
  cert: fixture('peer-cert.pem'),
};
