/** OAuth 2 access tokens for logins: got by a command or from a token endpoint, and kept. */
export { createAccessToken } from './access-token.ts';
export type { AccessToken, AccessTokenDeps } from './access-token.ts';
export { readTokenAnswer } from './token-answer.ts';
export type { TokenAnswer } from './token-answer.ts';
export { askCommand } from './token-command.ts';
export type { TokenCommand } from './token-command.ts';
export { askEndpoint } from './token-endpoint.ts';
export type { TokenEndpoint } from './token-endpoint.ts';
