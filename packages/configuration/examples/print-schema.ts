/** Prints the JSON Schema of the configuration file; schema/posthouse.schema.json is its output, formatted. */
import { configurationJsonSchema } from '@posthouse/configuration';

console.log(JSON.stringify(configurationJsonSchema(), null, 2));
