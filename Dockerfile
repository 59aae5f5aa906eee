# The image of the product: locked dependencies, an account without rights, nothing secret inside.
FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements/app.txt requirements/app.txt
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements/app.txt
# The estimator of rights, apart: only the worker calls its interpreter.
COPY requirements/rights.txt requirements/rights.txt
RUN python -m venv .venv-rights \
    && .venv-rights/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements/rights.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin coordination
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY --from=build /app/.venv-rights .venv-rights
COPY scripts/coordination scripts/coordination
COPY policies policies
COPY migrations migrations
COPY templates templates
COPY coordination coordination
RUN ln -s ../../scripts/coordination .venv/bin/coordination
ENV PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER coordination
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/sante', timeout=4)"]
CMD ["coordination", "serve", "--host", "0.0.0.0", "--port", "8000"]
