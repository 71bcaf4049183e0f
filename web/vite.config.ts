import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  plugins: [react()],
  build: {
    outDir: '../src/covalent/ui',
    emptyOutDir: true,
    // Those that know light-dark(): it is kept as it is, since what stands for it elsewhere does not follow the toggle.
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    // Files as data: addresses would need a weaker content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    // `npm run dev` shows the pages with changes at once, with the data of a server that runs: COVALENT_ADDRESS says where.
    proxy:
      mode === 'development' ? { '/api': { target: process.env.COVALENT_ADDRESS, changeOrigin: true } } : undefined,
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
}));
