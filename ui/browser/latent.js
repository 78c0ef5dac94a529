import { Studio, signOf } from "./latent/studio.js";
import { mounter } from "./mount.js";

export default mounter(
  (parent, data) => new Studio(parent, data),
  (studio, data) => studio.sign === signOf(data),
);
