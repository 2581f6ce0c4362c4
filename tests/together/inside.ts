import { load } from "./rooms.ts";

await load("inside");
