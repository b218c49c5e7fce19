/** What every answer of ours tells the browser not to do. */
import type { IncomingMessage, ServerResponse } from "node:http";
import helmet from "helmet";

interface SecurityHeaders {
  page(request: IncomingMessage, response: ServerResponse): void;
  api(request: IncomingMessage, response: ServerResponse): void;
}

const common = {
  // Plain HTTP on a LAN is normal: nothing may ask for HTTPS, and HSTS is not ours to set.
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  referrerPolicy: { policy: "same-origin" },
  xFrameOptions: { action: "deny" },
} as const;

export function createSecurityHeaders(hubPath: string): SecurityHeaders {
  const always = {
    defaultSrc: ["'none'"],
    frameAncestors: ["'none'"],
    reportUri: [`${hubPath}security/csp-report`],
  };
  const pages = {
    ...always,
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
  };
  const page = helmet({
    ...common,
    contentSecurityPolicy: { useDefaults: false, directives: pages },
  });
  const api = helmet({
    ...common,
    contentSecurityPolicy: { useDefaults: false, directives: always },
  });
  return {
    page: (request, response) => page(request, response, () => {}),
    api: (request, response) => api(request, response, () => {}),
  };
}
