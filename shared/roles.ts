/** Who may do what, from the least to the most. Without imports: the CLI names them at each start. */
export const ROLES = ["viewer", "operator", "admin"] as const;
export type Role = (typeof ROLES)[number];
