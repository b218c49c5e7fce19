// Tries to connect to ports and prints, as JSON, for each host what was open and how the rest failed.
// Usage: node scan-ports.mjs '[{"host":"10.0.0.1","from":1,"to":65535,"marker":"…"}]'
// `patienceMs` is how long a port may take to answer where one is expected to: a port that drops what comes takes all of it.
// With a marker, open is only what answers a request with it: a network that answers for others does not count.
import net from "node:net";

const AT_ONCE = 4000;
const CONNECT_TIMEOUT_MS = 400;
const ANSWER_TIMEOUT_MS = 1500;

function tryPort({ host, marker, patienceMs }, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: patienceMs ?? CONNECT_TIMEOUT_MS });
    let answer = "";
    const end = (outcome) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on("connect", () => {
      if (marker === undefined) return end("open");
      socket.setTimeout(patienceMs ?? ANSWER_TIMEOUT_MS);
      socket.write("GET / HTTP/1.0\r\n\r\n");
    });
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
      if (answer.includes(marker)) end("open");
    });
    socket.on("end", () => end("another"));
    socket.on("timeout", () => end("silent"));
    socket.on("error", (error) => end(error.code ?? "failed"));
  });
}

const report = [];
for (const target of JSON.parse(process.argv[2])) {
  const { host, from, to } = target;
  const open = [];
  const failures = {};
  let next = from;
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, to - from + 1) }, async () => {
      while (next <= to) {
        const port = next++;
        const outcome = await tryPort(target, port);
        if (outcome === "open") open.push(port);
        else failures[outcome] = (failures[outcome] ?? 0) + 1;
      }
    }),
  );
  report.push({ host, open, failures });
}
process.stdout.write(JSON.stringify(report));
