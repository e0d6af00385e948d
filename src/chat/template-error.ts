/** A conversation that the chat template refuses, or a template that cannot be run. One line; `cause` is what was thrown, if anything. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
