import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { lazy } from 'react';
import { BrowserRouter, Route, Routes } from 'react-router';
import { ApiProblem } from '../api/problem';
import { DispatchesPage } from '../dispatches/DispatchesPage';
import { SignInPage } from '../signin/SignInPage';
import { TooltipProvider } from '../ui/Tooltip';
import { NotFoundPage } from './NotFoundPage';
import { Shell } from './Shell';

const DispatchPage = lazy(() => import('../dispatch/DispatchPage'));
const ExecutorsPage = lazy(() => import('../executors/ExecutorsPage'));
const PreviewPage = lazy(() => import('../preview/PreviewPage'));

const queries = new QueryClient({
  defaultOptions: {
    queries: { retry: (failures, error) => failures < 2 && !(error instanceof ApiProblem && !error.isPassing) },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <TooltipProvider>
        <BrowserRouter>
          <Routes>
            <Route path="/signin" element={<SignInPage />} />
            <Route element={<Shell />}>
              <Route path="/" element={<DispatchesPage />} />
              {/* One element for both, so that the page stays while tasks of it are looked at. */}
              <Route path="/dispatches/:id" element={<DispatchPage />} />
              <Route path="/dispatches/:id/tasks/:n" element={<DispatchPage />} />
              <Route path="/preview/:id" element={<PreviewPage />} />
              <Route path="/executors" element={<ExecutorsPage />} />
              <Route path="*" element={<NotFoundPage />} />
            </Route>
          </Routes>
        </BrowserRouter>
      </TooltipProvider>
    </QueryClientProvider>
  );
}
