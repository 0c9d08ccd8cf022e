// A provider of others for the tests: `oidc-provider`, which the OpenID Foundation certified and which shares no code with the gateway. It stands
// on loopback behind TLS, with a certificate of an authority that only the operator's `ca_file` knows, as a province's own does.
import { expect, type Page } from '@playwright/test';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, killNode, startNode, type Facts } from './cluster';

/** What people call it. */
export const PROVIDER = 'Cổng của tỉnh';
const CLIENT = 'trongdong';
/** Bits of the key that signs. */
const RSA_BITS = 2_048;
const SECRET_BYTES = 32;
const HEADING = '\n[oidc]\n';

/** Whether there is a program that makes certificates. */
export const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;

/** Who has an account there, by what they type; and whether the provider has made sure that the address is theirs. */
const ACCOUNTS: Readonly<Record<string, { email: string; isVerified: boolean }>> = {
  khoa: { email: 'khoa.tran@tinh.example', isVerified: true },
  mai: { email: 'mai.vu@tinh.example', isVerified: true },
  stranger: { email: 'stranger@elsewhere.example', isVerified: true },
  // Wrote down somebody else's address.
  pretender: { email: 'khoa.tran@tinh.example', isVerified: false },
};
/** Who that is in the cluster's register. */
const PEOPLE = { 'khoa.tran@tinh.example': 'tong-dai', 'mai.vu@tinh.example': 'dtv-1' };

const OPENSSL = `[req]
distinguished_name = name
prompt = no
[name]
CN = authority
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1
`;

/** Makes an authority (`ca.pem`) and a certificate for loopback from it (`server.pem`, `server.key`). */
function certify(folder: string): void {
  writeFileSync(join(folder, 'openssl.cnf'), OPENSSL);
  const openssl = (...args: string[]) => {
    const { status, stderr, error } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args[0] ?? ''}: ${error?.message ?? stderr}`);
  };
  const pair = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256', '-config', 'openssl.cnf'];
  openssl('req', '-x509', ...pair, '-extensions', 'authority', '-days', '2', '-subj', '/CN=authority of the provider', '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl('req', '-new', ...pair, '-subj', '/CN=127.0.0.1', '-keyout', 'server.key', '-out', 'server.csr');
  const issuer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '2', '-days', '2', '-sha256'];
  openssl('x509', '-req', '-in', 'server.csr', ...issuer, '-extfile', 'openssl.cnf', '-extensions', 'server', '-out', 'server.pem');
}

/** Gives a node these settings behind those that it has, without what an earlier try left there, and starts it anew. */
async function restart(cluster: Facts, node: number, settings: string): Promise<void> {
  const file = join(cluster.folder, `node-${node}`, 'node.toml');
  const text = readFileSync(file, 'utf8');
  const end = text.indexOf(HEADING);
  writeFileSync(file, `${(end === -1 ? text : text.slice(0, end)).trimEnd()}\n${settings}`);
  // A try that was cut off may have left it stopped.
  await killNode(cluster, node).catch(() => {});
  await startNode(cluster, node);
}

/** A provider that nodes may be told of. */
export class Provider {
  private constructor(readonly issuer: string, private readonly folder: string, private readonly secret: string, private readonly server: Server) {}

  /** Opens one that knows every node of the cluster as a place to come back to. */
  static async open({ urls }: Facts): Promise<Provider> {
    // Here and not above: where it is not installed, the other chains are played.
    const { default: OidcProvider } = await import('oidc-provider');
    const folder = mkdtempSync(join(tmpdir(), 'trongdong-provider-'));
    certify(folder);
    const port = await freePort();
    const issuer = `https://127.0.0.1:${port}`;
    const secret = randomBytes(SECRET_BYTES).toString('hex');
    const key = generateKeyPairSync('rsa', { modulusLength: RSA_BITS }).privateKey.export({ format: 'jwk' });
    const provider = new OidcProvider(issuer, {
      clients: [{
        client_id: CLIENT, client_secret: secret, redirect_uris: urls.map((url) => `${url}/api/oidc/callback`),
        response_types: ['code'], grant_types: ['authorization_code'],
      }],
      claims: { email: ['email', 'email_verified'] },
      // By the letter, which is stricter than most: what a scope asks for stands at UserInfo and in no ID token.
      conformIdTokenClaims: true,
      cookies: { keys: [randomBytes(SECRET_BYTES).toString('hex')] },
      jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256' }] },
      pkce: { required: () => true },
      findAccount: (_context, id) => {
        const account = ACCOUNTS[id];
        if (account === undefined) return undefined;
        return { accountId: id, claims: async () => ({ sub: id, email: account.email, email_verified: account.isVerified }) };
      },
    });
    const tls = { key: readFileSync(join(folder, 'server.key')), cert: readFileSync(join(folder, 'server.pem')) };
    const server = createServer(tls, provider.callback());
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    // A test that fails does not get to close it.
    server.unref();
    return new Provider(issuer, folder, secret, server);
  }

  /** Tells a node of it, as its operator would; `ca` is whom the node shall trust for it, else the right authority. */
  async introduce(cluster: Facts, node: number, ca = join(this.folder, 'ca.pem')): Promise<void> {
    const home = join(cluster.folder, `node-${node}`);
    writeFileSync(join(home, 'oidc.secret'), `${this.secret}\n`, { mode: 0o600 });
    copyFileSync(ca, join(home, 'oidc-ca.pem'));
    const settings = [
      `name = "${PROVIDER}"`, `issuer = "${this.issuer}"`, `client_id = "${CLIENT}"`, 'secret_file = "oidc.secret"', 'ca_file = "oidc-ca.pem"',
      'claim = "email"', '[oidc.people]', ...Object.entries(PEOPLE).map(([email, person]) => `"${email}" = "${person}"`),
    ];
    await restart(cluster, node, `${HEADING}${settings.join('\n')}\n`);
  }

  /** Signs in on its own form and lets the cluster know who it is. It takes any password: what is tried here is the way there and back. */
  async signIn(page: Page, login: string): Promise<void> {
    await expect(page).toHaveURL((url) => url.origin === this.issuer);
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill('any');
    await page.locator('form button[type=submit]').click();
    await page.getByRole('button', { name: 'Continue', exact: true }).click();
  }

  /** Turns back on its form. */
  async turnBack(page: Page): Promise<void> {
    await expect(page).toHaveURL((url) => url.origin === this.issuer);
    await page.getByRole('link', { name: /cancel/i }).click();
  }

  /** The cluster knows it no more, and it is gone. */
  async close(cluster: Facts): Promise<void> {
    for (const node of cluster.urls.keys()) await restart(cluster, node + 1, '');
    this.server.close();
    this.server.closeAllConnections();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
