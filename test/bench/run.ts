/**
 * `npm run bench [api|opening|process|sockets|sign-in|store]`: figures against their goals. They belong here and not
 * in a test: a busy machine makes them worse without anything being broken.
 */
import { benchApi } from "./api.ts";
import { benchOpening } from "./opening.ts";
import { benchProcess } from "./process.ts";
import { benchStore } from "./store.ts";
import { benchSignIn } from "./sign-in.ts";
import { benchSockets } from "./sockets.ts";

const wanted = process.argv[2];
const image = process.env["HOMEROOM_NOTEBOOK_IMAGE"] ?? "homeroom-notebook";

if (wanted === undefined || wanted === "process") await benchProcess(200);
if (wanted === undefined || wanted === "opening") await benchOpening(image, 10);
if (wanted === undefined || wanted === "sockets") await benchSockets(3);
if (wanted === undefined || wanted === "sign-in") await benchSignIn(3);
if (wanted === undefined || wanted === "store") await benchStore();
if (wanted === undefined || wanted === "api") await benchApi();
