/**
 * Renders Markdown. A library parses it, and its tokens become elements here, so that no text is
 * ever interpreted as HTML.
 */

import type { Child } from "hono/jsx";
import { lexer, type MarkedToken, type Token, type Tokens } from "marked";
import { CopyText } from "../parts/curl.tsx";
import { TableBox } from "../parts/table.tsx";

interface MarkdownProps {
  readonly text: string;
  /** The target of a link in this dashboard; `undefined` if it is not served. */
  readonly hrefOf: (target: string) => string | undefined;
}

export function Markdown({ text, hrefOf }: MarkdownProps) {
  return <>{new Rendering(hrefOf).blocks(lexer(text))}</>;
}

/** The id of a heading, generated as on GitHub, so that links work in both. */
export function headingId(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
}

class Rendering {
  constructor(private readonly hrefOf: MarkdownProps["hrefOf"]) {}

  blocks(tokens: readonly Token[]): Child[] {
    return tokens.map((token) => this.#block(token as MarkedToken));
  }

  #block(token: MarkedToken): Child {
    switch (token.type) {
      case "heading":
        return this.#heading(token);
      case "paragraph":
        return <p>{this.#inline(token.tokens)}</p>;
      case "code":
        return <Code token={token} />;
      case "list":
        return this.#list(token);
      case "table":
        return this.#table(token);
      case "blockquote":
        return <blockquote>{this.blocks(token.tokens)}</blockquote>;
      case "hr":
        return <hr />;
      case "text":
        return token.tokens === undefined ? token.text : this.#inline(token.tokens);
      case "space":
      case "def":
        return null;
      default:
        // Including HTML, which is shown as text.
        return token.raw;
    }
  }

  #heading({ depth, text, tokens }: Tokens.Heading): Child {
    const id = headingId(text);
    const content = this.#inline(tokens);
    if (depth === 1) return <h1 id={id}>{content}</h1>;
    const linked = <a href={`#${id}`}>{content}</a>;
    return depth === 2 ? <h2 id={id}>{linked}</h2> : <h3 id={id}>{linked}</h3>;
  }

  #list({ ordered, items }: Tokens.List): Child {
    const elements = items.map((item) => <li>{this.blocks(item.tokens)}</li>);
    return ordered ? <ol>{elements}</ol> : <ul>{elements}</ul>;
  }

  #table({ header, rows }: Tokens.Table): Child {
    return (
      <TableBox label={labelOf(header)}>
        <table>
          <thead>
            <tr>{header.map((cell) => <th scope="col">{this.#inline(cell.tokens)}</th>)}</tr>
          </thead>
          <tbody>
            {rows.map((row) => <tr>{row.map((cell) => <td>{this.#inline(cell.tokens)}</td>)}</tr>)}
          </tbody>
        </table>
      </TableBox>
    );
  }

  #inline(tokens: readonly Token[]): Child[] {
    return tokens.map((token) => this.#span(token as MarkedToken));
  }

  #span(token: MarkedToken): Child {
    switch (token.type) {
      case "strong":
        return <strong>{this.#inline(token.tokens)}</strong>;
      case "em":
        return <em>{this.#inline(token.tokens)}</em>;
      case "codespan":
        return <code>{token.text}</code>;
      case "link":
        return this.#link(token);
      case "image":
        // Pictures are not served; their alternative text is shown.
        return <em>{token.text}</em>;
      case "br":
        return <br />;
      case "text":
      case "escape":
        return token.text;
      default:
        return token.raw;
    }
  }

  #link({ href, tokens }: Tokens.Link): Child {
    const target = this.hrefOf(href);
    const content = this.#inline(tokens);
    return target === undefined ? <span>{content}</span> : <a href={target}>{content}</a>;
  }
}

/** Commands and files get a copy button; drawings do not. */
function Code({ token: { text, lang = "" } }: { readonly token: Tokens.Code }) {
  return lang === "" || lang === "text"
    ? <pre tabindex={0}><code dir="ltr">{text}</code></pre>
    : <CopyText text={text} />;
}

function labelOf(header: readonly Tokens.TableCell[]): string {
  return header.map(({ text }) => text).join(", ");
}
