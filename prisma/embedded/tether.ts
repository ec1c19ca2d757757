// Loaded into the server before anything else (node --import): when the launcher is gone, however it went, the server is
// told to stop. The channel between the two is the only thing that both an orderly end and a kill -9 close.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
