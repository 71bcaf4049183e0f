import { Moon, Sun } from 'lucide-react';
import { IconButton } from '../ui/IconButton';
import { setTheme, useIsDark } from './theme';

/** Goes to the other of light and dark; the one that the system has means to follow the system again. */
export function ThemeToggle() {
  const isDark = useIsDark();
  const toggle = (): void => {
    const wanted = isDark ? 'light' : 'dark';
    const isSystemDark = window.matchMedia('(prefers-color-scheme: dark)').matches;
    setTheme((wanted === 'dark') === isSystemDark ? 'system' : wanted);
  };
  return (
    <IconButton label={isDark ? 'Use light colours' : 'Use dark colours'} onClick={toggle}>
      {isDark ? <Sun size={16} /> : <Moon size={16} />}
    </IconButton>
  );
}
