/* What other parts of the page may follow: the second that sounds; and where they ask the player to go. */

/* Tells the page where the player is. */
function tellTime(player, seconds) {
  document.dispatchEvent(new CustomEvent('studio-player-time', { detail: { piece: player.side.id, seconds } }));
}

document.addEventListener('studio-player-seek', ({ detail }) => {
  for (const player of players.values()) {
    if (player.side?.id !== detail.piece || !player.root.isConnected) continue;
    if (detail.seconds === null) player.overlay();
    else player.seek(detail.seconds);
  }
});
