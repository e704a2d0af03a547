/** Reads a configuration with a mistake in it, and prints where it is and how to mend it. */
import { readConfiguration } from '@posthouse/configuration';

const reading = readConfiguration('[relay]\noutbond = "mx"\n', '/etc/posthouse/posthouse.toml');
if (reading.kind === 'ok') console.log(reading.configuration.relay.outbound.kind);
else for (const { line, key, text, fix } of reading.problems) console.log(line, key, text, fix);
