/**
 * Lets the threads of stores under test keep their compiled code: each store starts two of them,
 * and there are hundreds of stores. Import it for its effect.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';

process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'posthouse-compile-cache');
