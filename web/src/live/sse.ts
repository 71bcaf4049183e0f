/** Server-sent events out of a stream of text, cut anywhere. */

export interface Message {
  event: string;
  data: string;
}

export class SseParser {
  private rest = '';
  private event = '';
  private data: string[] = [];

  /** The messages that are complete with this piece. */
  push(piece: string): Message[] {
    const lines = (this.rest + piece).split('\n');
    this.rest = lines.pop()!;
    const messages: Message[] = [];
    for (const line of lines) this.line(line.endsWith('\r') ? line.slice(0, -1) : line, messages);
    return messages;
  }

  private line(line: string, messages: Message[]): void {
    if (line === '') {
      if (this.data.length > 0) messages.push({ event: this.event || 'message', data: this.data.join('\n') });
      this.event = '';
      this.data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
  }
}
