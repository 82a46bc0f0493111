import workerpool from "workerpool";
import * as functions from "./functions/work.mjs";

workerpool.worker({ ...functions });
