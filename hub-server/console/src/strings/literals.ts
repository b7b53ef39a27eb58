// Finds text for people outside the catalogue, and readings of the catalogue before the language is known. For tests.
import ts from 'typescript'

/** Attributes whose value a person reads or hears. */
const READ = new Set(['label', 'title', 'placeholder', 'description', 'alt', 'aria-label', 'lead', 'why', 'error'])
/** Calls whose first argument a person reads. */
const SAID = new Set(['say'])
/** Two letters in a row; units such as `s` are the same in every language. */
const WORD = /\p{L}{2,}/u
/** Codes of the API, such as `permit.create`. */
const CODE = /^[a-z_]+(\.[a-z_]+)+$/

/** Each finding as `file:line text`. */
export function literalsIn(name: string, source: string): string[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX)
  const found: string[] = []
  const report = (node: ts.Node) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
    found.push(`${name}:${line + 1} ${node.getText(file).trim()}`)
  }

  /** What an expression can show: its own literal, or those of its branches. */
  const shown = (node: ts.Expression) => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
      if (WORD.test(node.text) && !CODE.test(node.text)) report(node)
    } else if (ts.isTemplateExpression(node)) {
      const texts = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)]
      if (texts.some((piece) => WORD.test(piece))) report(node)
    } else if (ts.isConditionalExpression(node)) {
      shown(node.whenTrue)
      shown(node.whenFalse)
    } else if (ts.isBinaryExpression(node)) {
      shown(node.right)
    } else if (ts.isParenthesizedExpression(node)) shown(node.expression)
  }

  const visit = (node: ts.Node, isInside: boolean) => {
    if (ts.isJsxText(node) && WORD.test(node.text)) report(node)
    if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent)) shown(node.expression)
    if (ts.isJsxAttribute(node) && READ.has(node.name.getText(file)) && node.initializer) {
      if (ts.isStringLiteral(node.initializer)) shown(node.initializer)
      else if (ts.isJsxExpression(node.initializer) && node.initializer.expression) shown(node.initializer.expression)
    }
    if (ts.isCallExpression(node) && SAID.has(node.expression.getText(file)) && node.arguments[0]) {
      shown(node.arguments[0])
    }
    const isReading = ts.isPropertyAccessExpression(node) && node.expression.getText(file) === 'text'
    if (isReading && !isInside) report(node)
    // Types only name the catalogue.
    if (ts.isTypeNode(node)) return
    ts.forEachChild(node, (child) => visit(child, isInside || ts.isFunctionLike(node)))
  }
  visit(file, false)
  return found
}
