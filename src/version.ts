/** JupyterHub's clients read a version that parses under PEP 440; ours names the hub it speaks like. */
export const JUPYTERHUB_VERSION = "5.4.0+homeroom.0.1";
export const HOMEROOM_VERSION = "0.1.0";
