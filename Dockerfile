# DeepMusic Studio in a container: docker build -t deepmusic-studio . && docker run -p 127.0.0.1:8501:8501 -v studio:/data deepmusic-studio
# PyPI's torch brings the libraries of graphics cards, some 4 GB. PIP_OPTIONS may name PyTorch's index of CPU builds instead.
FROM python:3.12-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends libfluidsynth3 libcairo2 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /studio
ARG PIP_OPTIONS=""
COPY requirements.txt requirements-sound.txt constraints.txt ./
RUN pip install --no-cache-dir ${PIP_OPTIONS} -r requirements.txt \
    && pip install --no-cache-dir --no-deps -r requirements-sound.txt

COPY . .
RUN useradd --uid 1000 --create-home studio && mkdir /data && chown studio /data
USER studio

# Songs and what was pulled or imported outlive the container in /data.
ENV DEEPMUSIC_ADDRESS=0.0.0.0 \
    DEEPMUSIC_SHARED=1 \
    DEEPMUSIC_SONGS=/data/songs \
    DEEPMUSIC_CACHE=/data/cache \
    OMP_NUM_THREADS=1 \
    PYTHONDONTWRITEBYTECODE=1
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\", 8501)}/healthz', timeout=8)"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "studio.serve"]
