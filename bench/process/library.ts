// The whole library.
import "../../mod.ts";
