# Two stages: the first builds, the second runs. No compiler, no pip and no package manager cache reach the second.
ARG BASE=python:3.13-slim
FROM ${BASE} AS build
WORKDIR /build
# Dependencies first: they change less often than the code, so their layer is reused.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /build/tools \
    && /build/tools/bin/python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements-build.lock \
    && python -m venv --without-pip /opt/gateway \
    && python -m pip --python /opt/gateway/bin/python install --no-cache-dir --no-compile --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml ./
COPY adapters adapters
COPY gateway gateway
COPY sandbox sandbox
COPY openapi openapi
COPY sdk sdk
RUN /build/tools/bin/python -m hatchling build --target wheel --directory /build/dist \
    && python -m pip --python /opt/gateway/bin/python install --no-cache-dir --no-compile --no-deps --no-index /build/dist/*.whl \
    # By the hash of its source and not by its time: two builds are one image.
    && /opt/gateway/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/gateway/lib

FROM ${BASE}
RUN python -m pip uninstall --yes --quiet pip \
    # Not by useradd, which writes down today's date.
    && echo 'gateway:x:10001:10001::/var/lib/gateway:/usr/sbin/nologin' >> /etc/passwd \
    && echo 'gateway:x:10001:' >> /etc/group \
    && mkdir --mode 700 /var/lib/gateway && chown 10001:10001 /var/lib/gateway
COPY --from=build /opt/gateway /opt/gateway
COPY --chown=root:root config.yaml /etc/gateway/config.yaml
ENV PATH=/opt/gateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    GATEWAY_CONFIG=/etc/gateway/config.yaml \
    GATEWAY_DATA_DIR=/var/lib/gateway \
    GATEWAY_HOST=0.0.0.0
USER 10001:10001
WORKDIR /var/lib/gateway
VOLUME /var/lib/gateway
EXPOSE 8080
# The admin port stays on the container's loopback: this check is its only visitor until GATEWAY_SERVER__ADMIN_HOST is set.
# It asks where the running gateway listens, whatever file or variable said so.
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["gateway", "healthy"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["gateway"]
CMD ["serve"]
