// node:http, what Node's standard library offers: the three routes of the Python adapters.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";

const HOST = process.env.HOST ?? "127.0.0.1";
const PORT = Number(process.env.PORT ?? 8080);
const WORKERS = Number(process.env.WORKERS ?? 1);
const SLEEP = /^\/sleep\/(\d+)\/([^/]+)$/;

async function somebody() {}

async function hello(response) {
  await somebody();
  text(response, "Hello world!");
}

async function sleep(response, ms, token) {
  await delay(Number(ms));
  text(response, token);
}

async function echo(response, request) {
  let body;
  try {
    body = await buffer(request);
  } catch {
    return response.destroy(); // its end will not come: the client is gone, or Node has refused it
  }
  text(response, body);
}

function text(response, body, status = 200) {
  response.writeHead(status, { "Content-Type": "text/plain", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function route(request, response) {
  const { method, url } = request;
  if (url === "/" && (method === "GET" || method === "HEAD")) return hello(response);
  if (url === "/echo" && method === "POST") return echo(response, request);
  const found = method === "GET" && SLEEP.exec(url);
  return found ? sleep(response, found[1], found[2]) : text(response, "Not Found", 404);
}

function serve() {
  const server = createServer(route).listen(PORT, HOST, 1024); // a backlog for all connections of a run
  const stop = () => {
    server.close(() => process.exit());
    server.closeAllConnections();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
}

if (WORKERS > 1 && cluster.isPrimary) {
  for (let n = 0; n < WORKERS; n++) cluster.fork();
  process.on("SIGTERM", () => process.exit()); // workers end when their channel to this process closes
} else {
  serve();
}
