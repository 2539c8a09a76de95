/** A key of the right form: its claims are read before anything is asked for, its signature by nobody here. */
import { UnsecuredJWT } from "jose";

export const KEY = `${new UnsecuredJWT({ project: 7 }).encode()}c2lnbmF0dXJl`;
