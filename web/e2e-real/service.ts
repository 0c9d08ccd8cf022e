// Another service's system of the tests, as a program of theirs would be: it takes signed notices over HTTP, reads which hand-over one is
// about, and answers what it was offered. It can be slow, as other people's systems are.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Facts } from './cluster';
import { codeOf, logIn, post } from './device';

const SECRET = 'mật khẩu chung của hai bên';
const SIGNATURE = 'trongdong-signature';
/** What NENA's object of an incident says of an offer stands under this name in it. */
const OFFER = 'vn.trongdong.handover.1';
/** What it is told of beside what it is offered. */
const KINDS = ['incident_opened', 'incident_closed'];
/** Bytes of a notice. */
const BODY_BYTES_MAX = 1 << 20;
/** Posts that are written down; who posts more than that is mad. */
const POSTS_MAX = 1_000;

const signatureOf = (body: string | Buffer): string => `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;

/** One post as it came. */
interface Post {
  /** By which a notice that is brought again is known. */
  key: string;
  /** Which notice of this receiver it is. */
  number: number;
  /** What it tells: an incident or a hand-over, and what became of it. */
  what: string;
  taken: boolean;
}

/** What is read of a notice: an object of NENA's with an offer in it, or our own. */
interface Body {
  [OFFER]?: { handover: string; status: string };
  event?: { kind: string; subject: { incident?: { id: string } } | null };
}

function whatOf(body: Body): string {
  const offer = body[OFFER];
  if (offer !== undefined) return `${offer.handover} ${offer.status}`;
  return `${body.event?.subject?.incident?.id ?? ''} ${body.event?.kind ?? ''}`;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > BODY_BYTES_MAX) throw new Error(`a notice of more than ${BODY_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A system that an incident can be offered to. */
export class Service {
  /** Posts that were not signed with the secret that was agreed on. */
  forged = 0;
  private readonly posts: Post[] = [];
  private readonly parked: { post: Post; response: ServerResponse }[] = [];
  private isSlow = false;
  private readonly server = createServer((request, response) => void this.hear(request, response).catch(() => response.destroy()));

  private constructor(private readonly cluster: Facts, readonly id: string, readonly name: string) {}

  /** Opens one and registers it: it is told of incidents of that commune, and of what it is offered. */
  static async open(cluster: Facts, id: string, name: string, commune: string): Promise<Service> {
    const service = new Service(cluster, id, name);
    await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    // A test that fails does not get to close it.
    service.server.unref();
    await service.register(commune, false);
    return service;
  }

  /** It is told of nothing any more. */
  async close(commune: string): Promise<void> {
    await this.register(commune, true);
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Answers no post from now on. */
  slowDown(): void {
    this.isSlow = true;
  }

  /** Answers what waits, and everything that comes. Who has hung up meanwhile has no answer, and did not get it taken. */
  catchUp(): void {
    this.isSlow = false;
    for (const { post, response } of this.parked.splice(0)) if (!response.destroyed) take(post, response);
  }

  /** What was taken, each notice once, in the order in which it was. */
  get told(): { number: number; what: string }[] {
    const keys = new Set<string>();
    const first = this.posts.filter(({ key, taken }) => taken && !keys.has(key) && keys.add(key));
    return first.map(({ number, what }) => ({ number, what }));
  }

  /** How often that was posted, taken or not. */
  postsOf(what: string): number {
    return this.posts.filter((post) => post.what === what).length;
  }

  /** Takes over what it was offered, as `I12.1`. */
  async accept(handover: string, answer: string, reference: string): Promise<void> {
    const body = { handover, accept: true, answer, answered_for: '', reference };
    await post(this.cluster.urls, `/api/handover/${this.id}/answers`, { [SIGNATURE]: signatureOf(JSON.stringify(body)) }, body);
  }

  private async register(commune: string, disabled: boolean): Promise<void> {
    const session = await logIn(this.cluster);
    const { port } = this.server.address() as AddressInfo;
    const receiver = {
      id: this.id, name: this.name, url: `http://127.0.0.1:${port}/notices`, secret: SECRET, kinds: KINDS,
      admin_unit: await codeOf(this.cluster, session, commune), disabled,
    };
    await post(this.cluster.urls, '/api/receivers', { cookie: session.cookie, 'x-request-seq': String(session.seq) }, receiver);
  }

  private async hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await bytesOf(request);
    if (request.headers[SIGNATURE] !== signatureOf(bytes)) {
      this.forged += 1;
      response.writeHead(401).end();
      return;
    }
    const key = String(request.headers['idempotency-key'] ?? '');
    const number = Number(key.split('-').at(-1));
    const post: Post = { key, number, what: whatOf(JSON.parse(bytes.toString()) as Body), taken: false };
    if (this.posts.length >= POSTS_MAX) throw new Error(`more than ${POSTS_MAX} posts`);
    this.posts.push(post);
    if (this.isSlow) this.parked.push({ post, response });
    else take(post, response);
  }
}

function take(post: Post, response: ServerResponse): void {
  post.taken = true;
  response.writeHead(200).end();
}
