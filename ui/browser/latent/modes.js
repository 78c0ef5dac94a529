import { Arithmetic } from "./arithmetic.js";
import { Between } from "./between.js";
import { Find } from "./find.js";
import { Pad } from "./pad.js";
import { Sliders } from "./sliders.js";

/** The ways to move through the latent space, in the order of their tabs. */
export const MODES = [Pad, Sliders, Between, Arithmetic, Find];
