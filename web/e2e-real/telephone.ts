// Telephones of the tests: `sipp` (Debian's sip-tester) is the caller and the agent's phone, as in gateway/telephony/tests. Two real
// SIP ends that share no code with the door between them.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type Facts } from './cluster';
import { logIn, post } from './device';

/** A caller or a phone that nobody has ended by then ends itself, seconds. */
const CALL_S_MAX = 300;
/** The line that the public calls, and the services that hand callers over; each is the user part of what a trunk calls. */
const LINES = ['1022', '111', '112', '113', '114', '115'] as const;
export type Line = (typeof LINES)[number];

/** Whether there is a program that can call. */
export const hasSipp = spawnSync('sipp', ['-v']).error === undefined;

/** Calls, is answered, and waits until the other end hangs up. The number is what a trunk says of the caller. */
const CALLER = (number: string) => `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="tells and waits">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:${number}@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: sip:${number}@[local_ip]:[local_port]
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=u 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
]]></send>
<recv response="100" optional="true"></recv>
<recv response="180" optional="true"></recv>
<recv response="182" optional="true"></recv>
<recv response="183" optional="true"></recv>
<recv response="200"></recv>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:${number}@[local_ip]:[local_port]>;tag=[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv request="BYE"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`;

/** One who calls. */
export interface Caller {
  /** Ends when the other end has hung up: whether the call went as it should. */
  hungUp: Promise<boolean>;
  end: () => void;
}

/** Calls the cluster's SIP door from this number: the public's line, or handed over by a service. */
export function call({ sip }: Facts, number: string, line: Line = '1022'): Caller {
  const folder = mkdtempSync(join(tmpdir(), 'trongdong-sipp-'));
  const scenario = join(folder, 'caller.xml');
  writeFileSync(scenario, CALLER(number));
  const sipp = spawn(
    'sipp',
    ['-sf', scenario, '-i', '127.0.0.1', '-s', line, '-m', '1', '-t', 'u1', '-nostdin', '-timeout', String(CALL_S_MAX), '-timeout_error', sip],
    { cwd: folder, stdio: 'ignore' },
  );
  const hungUp = new Promise<boolean>((resolve) => sipp.once('exit', (code) => resolve(code === 0)));
  void hungUp.then(() => rmSync(folder, { recursive: true, force: true }));
  return { hungUp, end: () => void sipp.kill('SIGKILL') };
}

/** An agent's phone, which picks up by itself; its SIP address. */
export interface Phone {
  address: string;
  end: () => void;
}

/** Puts a phone on the desk of an agent. */
export async function phone(): Promise<Phone> {
  const port = await freePort();
  const sipp: ChildProcess = spawn('sipp', ['-sn', 'uas', '-i', '127.0.0.1', '-t', 'u1', '-p', String(port), '-nostdin'], { cwd: tmpdir(), stdio: 'ignore' });
  const end = () => void sipp.kill('SIGKILL');
  // A test that fails does not get to take it off the desk.
  process.once('exit', end);
  return { address: `sip:101@127.0.0.1:${port}`, end };
}

/** Says which phone stands on an agent's desk, and that they may send units from there. */
export async function seat(cluster: Facts, person: string, address: string): Promise<void> {
  const { cookie, seq } = await logIn(cluster);
  const body = { person, lines: LINES, phone: address, dispatches: true };
  await post(cluster.urls, '/api/agents', { cookie, 'x-request-seq': String(seq) }, body);
}
