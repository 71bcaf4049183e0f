import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { copyText } from './clipboard';
import { IconButton } from './IconButton';

const SHOWN_MS = 1500;

/** Copies a text, and says that it did. */
export function CopyButton({ text, label = 'Copy', className }: { text: string; label?: string; className?: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = async (): Promise<void> => setCopied(await copyText(text));
  return (
    <IconButton label={isCopied ? 'Copied' : label} className={className} onClick={() => void copy()}>
      {isCopied ? <Check size={15} /> : <Copy size={15} />}
    </IconButton>
  );
}
