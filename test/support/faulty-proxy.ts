import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to one request. */
export type Fault =
  | 'none'
  /** The connection is cut before anything is read. */
  | 'cut'
  /** The server gets the request, its answer is lost. */
  | 'lose-answer'
  /** The answer ends in its middle. */
  | 'cut-answer'
  | { readonly delayMs: number }
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

/** Stands between a client and a real server and does harm, request by request. Keeps what the client sent. */
export class FaultyProxy {
  /** Decides for each request; its number counts from 1. */
  fault: (request: IncomingMessage, number: number) => Fault = () => 'none';
  /** Every request: its first line, its headers without `Authorization`, its body. */
  readonly sent: Buffer[] = [];
  /** Of each request, in order. */
  readonly faults: Fault[] = [];
  readonly #server: Server;
  readonly #target: URL;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((request, response) => {
      void this.#handle(request, response).catch(() => response.destroy());
    });
  }

  static async before(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get uri(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const { authorization: _, ...headers } = request.headers;
    const head = `${request.method} ${request.url} ${JSON.stringify(headers)}\n`;
    this.sent.push(Buffer.concat([Buffer.from(head), body]));
    const fault = this.fault(request, this.sent.length);
    this.faults.push(fault);
    if (fault === 'cut') return void request.socket.destroy();
    if (typeof fault === 'object' && 'status' in fault) {
      return void response.writeHead(fault.status, fault.headers).end(fault.body);
    }
    const answer = await this.#forward(request, body);
    if (typeof fault === 'object') await sleep(fault.delayMs);
    if (fault === 'lose-answer') return void request.socket.destroy();
    response.writeHead(answer.status, answer.headers);
    if (fault !== 'cut-answer') return void response.end(answer.body);
    response.write(answer.body.subarray(0, answer.body.length >> 1), () => request.socket.destroy());
  }

  async #forward(request: IncomingMessage, body: Buffer) {
    const { hostname, port } = this.#target;
    const forwarded = httpRequest({
      ...{ hostname, port, method: request.method, path: request.url },
      headers: { ...request.headers, host: `${hostname}:${port}` },
    });
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const content = Buffer.concat(await answer.toArray());
    const { 'transfer-encoding': _, ...headers } = answer.headers;
    return {
      status: answer.statusCode ?? 502,
      headers: { ...headers, 'content-length': content.length },
      body: content,
    };
  }
}
